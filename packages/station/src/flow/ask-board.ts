import { equalOctets, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Evidence } from '@keyline/ledger/records'
import { parseCertificate } from '@keyline/x509'
import { issuedChainProblems } from '../evidence/issued-chain.ts'
import { appendedOctets, decodeRegion } from './device-check-steps.ts'
import type { Credentials, UnitWork } from './unit-work.ts'

/** What a board of an interrupted unit holds. */
export type BoardAnswer =
  | { readonly holds: 'no-credentials' }
  | { readonly holds: 'foreign-credentials' }
  | {
      readonly holds: 'issued-credentials'
      readonly credentials: Credentials
      readonly evidence: readonly Evidence[]
    }

/**
 * Reads the factory data of a board whose last outcome is unknown. Whether COMMIT took effect is decided by what
 * the flash holds and by what the ledger has issued, never by repeating COMMIT.
 */
export async function askBoard(work: UnitWork, signal: AbortSignal): Promise<BoardAnswer> {
  const { clock, programmer, units } = work.parts
  const { factoryDataAddress } = work.prepared.order
  const length = work.image.length + appendedOctets
  const region = await programmer.read(work.probe.serialNumber, factoryDataAddress, length, {
    signal,
  })
  const data = decodeRegion(region)?.data
  const dac = data?.dacCertificate
  const pai = data?.paiCertificate
  if (dac === undefined || pai === undefined) return { holds: 'no-credentials' }
  const issued = await clock.during(() => units.certificateOf(work.unitId))
  if (issued === undefined || !equalOctets(issued, dac)) return { holds: 'foreign-credentials' }
  const publicKey = parseCertificate(dac).publicKey?.point
  if (publicKey === undefined) return { holds: 'foreign-credentials' }
  const { vendorId, productId } = work.prepared.order.product
  const problems = issuedChainProblems({
    dac,
    pai,
    publicKey,
    vendorId,
    productId,
    authorities: work.parts.authorities,
    time: clock.now(),
  })
  return {
    holds: 'issued-credentials',
    credentials: { dac, pai, publicKey },
    evidence: [
      { kind: 'request', ok: true, facts: { by: 'the certificate in the ledger' } },
      {
        kind: 'chain',
        ok: problems.length === 0,
        facts: {
          dac: toHex(sha256(dac)),
          ...(problems[0] === undefined ? {} : { problem: problems[0] }),
        },
      },
      { kind: 'exchange', ok: true, facts: { asked: 'the board holds what was issued' } },
    ],
  }
}
