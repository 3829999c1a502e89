import { toHex, withDeadline } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Evidence } from '@keyline/ledger/records'
import { pxpLimits } from '@keyline/matter/pxp'
import { isSelfSigned, parseRequest } from '@keyline/x509'
import { StationError } from '../errors.ts'
import { issuedChainProblems } from '../evidence/issued-chain.ts'
import type { IssueRequest } from '../port/issuer.ts'
import type { Credentials, UnitWork } from './unit-work.ts'

/** The certificate for the request of a board, proven from both ends, with its evidence. */
export async function certify(
  work: UnitWork,
  csr: Uint8Array,
  signal: AbortSignal,
): Promise<{ readonly credentials: Credentials; readonly evidence: readonly Evidence[] }> {
  const publicKey = requestedKey(csr)
  const { dac, pai } = await issue(work, csr, signal)
  const credentials = { dac, pai, publicKey }
  return {
    credentials,
    evidence: [
      { kind: 'request', ok: true, facts: { csr: toHex(sha256(csr)) } },
      proveChain(work, credentials),
    ],
  }
}

/** The key of the request, after its proof of possession. @throws StationError `STATION_PROOF` */
function requestedKey(csr: Uint8Array): Uint8Array {
  try {
    const request = parseRequest(csr)
    const point = request.publicPoint
    if (point !== undefined && isSelfSigned(request)) return point
  } catch (cause) {
    throw new StationError('STATION_PROOF', 'the board sent a request that is not PKCS#10', {
      cause,
    })
  }
  throw new StationError('STATION_PROOF', 'the request of the board is not signed with its key')
}

/**
 * The intent names the key of idempotency, so that a later run asks for the same certificate. An issuer that does not
 * answer is given up while the board still waits.
 */
async function issue(
  work: UnitWork,
  csr: Uint8Array,
  signal: AbortSignal,
): Promise<{ readonly dac: Uint8Array; readonly pai: Uint8Array }> {
  const { clock, issuer } = work.parts
  const idempotencyKey = `${work.unitId}/${toHex(sha256(csr)).slice(0, 32)}`
  await work.record('intent', 'issue', { idempotencyKey })
  const request = {
    orderId: work.matter.order.id,
    unitId: work.unitId,
    idempotencyKey,
    csr,
    identity: identityOf(work),
  }
  const deadline = { clock, ms: pxpLimits.issuerTimeoutMs, what: 'the issuer', signal }
  const issued = await withDeadline(deadline, (inner) => issuer.issue(request, { signal: inner }))
  await work.note('outcome', 'issue', { certificate: toHex(sha256(issued.dac)) })
  return issued
}

function identityOf(work: UnitWork): NonNullable<IssueRequest['identity']> {
  const { serialNumber } = work.reserved.unit
  return work.target === undefined
    ? { serialNumber }
    : { serialNumber, boardUid: toHex(work.target.uid) }
}

/**
 * The answer of the issuer is checked before it may reach the board.
 * @throws StationError `STATION_CERTIFICATE_REFUSED`
 */
export function proveChain(
  work: UnitWork,
  issued: { readonly dac: Uint8Array; readonly pai: Uint8Array; readonly publicKey: Uint8Array },
): Evidence {
  const { vendorId, productId } = work.matter.order.product
  const problems = issuedChainProblems({
    ...issued,
    vendorId,
    productId,
    authorities: work.parts.authorities,
    time: work.parts.clock.now(),
  })
  if (problems.length > 0) {
    throw new StationError(
      'STATION_CERTIFICATE_REFUSED',
      `the issued certificate is refused: ${problems.join(', ')}`,
    )
  }
  return { kind: 'chain', ok: true, facts: { dac: toHex(sha256(issued.dac)) } }
}

/** Marks the certificate of a lost key void, in journal and ledger. */
export async function voidLostCertificate(work: UnitWork, reason: string): Promise<void> {
  const { clock, units } = work.parts
  const certificate = await clock.during(() => units.certificateOf(work.unitId))
  work.credentials = undefined
  if (certificate === undefined) return
  const id = toHex(sha256(certificate))
  await work.note('intent', 'void', { certificate: id })
  await clock.during(() => units.voidCertificate(work.unitId, id, reason))
  await work.note('outcome', 'void', { certificate: id })
}

/** SHA-256 of the certificate of the unit, hexadecimal. */
export function certificateId(work: UnitWork): string {
  return toHex(sha256(work.requireCredentials().dac))
}
