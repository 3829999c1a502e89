import { equalOctets, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Evidence } from '@keyline/ledger/records'
import { encodeImage, type FactoryData } from '@keyline/matter'
import { parseCertificate } from '@keyline/x509'
import { arePublished } from '../evidence/published.ts'
import { proveChain } from './certify.ts'
import { appendedOctets, decodeRegion } from './device-check-steps.ts'
import type { Credentials, UnitWork } from './unit-work.ts'

/** What a board of an interrupted unit holds. */
export type BoardAnswer =
  | { readonly holds: 'no-credentials' }
  | { readonly holds: 'foreign-credentials' }
  /** A unit in rework whose board nothing was written to yet. */
  | { readonly holds: 'earlier-making' }
  | { readonly holds: 'published-credentials'; readonly evidence: readonly Evidence[] }
  | {
      readonly holds: 'issued-credentials'
      readonly credentials: Credentials
      readonly evidence: readonly Evidence[]
    }

/**
 * Reads the factory data of a board whose last outcome is unknown. Whether COMMIT took effect is decided by what
 * the flash holds and by what the ledger has issued, never by repeating COMMIT.
 * @throws StationError `STATION_CERTIFICATE_REFUSED` when the chain does not hold now
 */
export async function askBoard(work: UnitWork, signal: AbortSignal): Promise<BoardAnswer> {
  const { clock, programmer, units } = work.parts
  const { factoryDataAddress } = work.matter.order
  const length = work.image.length + appendedOctets
  const region = await programmer.read(work.probe.serialNumber, factoryDataAddress, length, {
    signal,
  })
  const data = decodeRegion(region)?.data
  const isReworked = work.reserved.unit.attempt !== undefined
  if (isReworked && data !== undefined && !holdsImage(work, data))
    return { holds: 'earlier-making' }
  const dac = data?.dacCertificate
  if (dac === undefined || data?.paiCertificate === undefined) return { holds: 'no-credentials' }
  const issued = await clock.during(() => units.certificateOf(work.unitId))
  if (issued === undefined || !equalOctets(issued, dac)) return holdsOther(work, data)
  const publicKey = parseCertificate(dac).publicPoint
  if (publicKey === undefined) return { holds: 'foreign-credentials' }
  const credentials = { dac, pai: work.parts.authorities.pai.der, publicKey }
  return {
    holds: 'issued-credentials',
    credentials,
    evidence: [
      { kind: 'request', ok: true, facts: { by: 'the certificate in the ledger' } },
      proveChain(work, credentials),
      { kind: 'exchange', ok: true, facts: { asked: 'the board holds what was issued' } },
      ...provenBefore(work, dac),
    ],
  }
}

/** Whether the product and identity on the board are those of this making. */
function holdsImage(work: UnitWork, data: FactoryData): boolean {
  const {
    dacCertificate: _dac,
    paiCertificate: _pai,
    dacPublicKey: _publicKey,
    dacPrivateKey: _privateKey,
    ...product
  } = data
  return equalOctets(encodeImage(product), work.image)
}

/** What the journal says of the proof that an earlier run got for this certificate. */
function provenBefore({ parts, unitId }: UnitWork, dac: Uint8Array): readonly Evidence[] {
  const certificate = toHex(sha256(dac))
  const isProven = parts.history?.some(
    ({ type, step, unit, data }) =>
      unit === unitId &&
      type === 'outcome' &&
      step === 'proof' &&
      data['certificate'] === certificate,
  )
  return isProven === true ? [{ kind: 'key', ok: true, facts: { by: 'PROOF, as journaled' } }] : []
}

/** Credentials that were not issued for the unit: those of a demonstration firmware, or somebody's. */
async function holdsOther(work: UnitWork, data: FactoryData): Promise<BoardAnswer> {
  const { profile, order } = work.matter
  if (order.policy !== 'test' || !(await arePublished(data, profile))) {
    return { holds: 'foreign-credentials' }
  }
  const facts = { asked: 'the board holds published credentials' }
  return { holds: 'published-credentials', evidence: [{ kind: 'exchange', ok: true, facts }] }
}
