import { equalOctets } from '@keyline/bytes'
import { parseRequest, type Certificate } from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import type { DacChain, DacRequest } from '../issue/local-issuer.ts'
import { estEnrolment, estPath, readCertificates } from './est-message.ts'
import { createHttpIssuer, type HttpIssuerOptions } from './http-issuer.ts'
import type { HttpRequest } from './http-transport.ts'
import type { IssuerClient } from './issuer-client.ts'

/** X509 DER of the two certificates above the device's. */
export type UpperChain = Pick<DacChain, 'pai' | 'paa'>

export interface EstIssuerOptions extends HttpIssuerOptions {
  /** Completes an answer that holds the device certificate alone, as RFC 7030 has it. */
  readonly authorities: UpperChain
}

/** An issuer behind EST: the label of `simpleenroll` is the work order. */
export function createEstIssuer(options: EstIssuerOptions): IssuerClient {
  return createHttpIssuer(options, {
    ask,
    read: (answer, { csr }) =>
      chainOf({ certificates: readCertificates(answer), csr, authorities: options.authorities }),
    healthPath: estPath('cacerts'),
  })
}

/** The unit stands in headers of our own, which other servers pass over. */
function ask(request: DacRequest): HttpRequest {
  const { orderId, unitId, idempotencyKey, csr, identity } = request
  const call = estEnrolment(estPath('simpleenroll', orderId), csr)
  const headers: Record<string, string> = {
    ...call.headers,
    'idempotency-key': idempotencyKey,
    'keyline-unit': unitId,
  }
  if (identity !== undefined) headers['keyline-serial-number'] = identity.serialNumber
  if (identity?.boardUid !== undefined) headers['keyline-board'] = identity.boardUid
  return { ...call, headers }
}

export interface AnsweredCertificates {
  /** In any order. */
  readonly certificates: readonly Certificate[]
  /** PKCS#10 DER. */
  readonly csr: Uint8Array
  readonly authorities: UpperChain
}

/**
 * Puts the certificates of an answer in their order: the one with the key of the request, who signed it, and who signed
 * that. What the answer leaves out above the leaf is taken from the known authorities; one too many is refused.
 * @throws IssuerError `ISSUER_ANSWER_REFUSED`
 */
export function chainOf({ certificates, csr, authorities }: AnsweredCertificates): DacChain {
  const point = parseRequest(csr).publicPoint
  const isLeaf = (one: Certificate): boolean =>
    point !== undefined && one.publicPoint !== undefined && equalOctets(one.publicPoint, point)
  const leaves = certificates.filter(isLeaf)
  const [leaf] = leaves
  if (leaf === undefined || leaves.length > 1) {
    throw refused(`${leaves.length} certificates are for the key of the request, not 1`)
  }
  const pai = certificates.find((one) => one !== leaf && equalOctets(one.subject, leaf.issuer))
  const paa = certificates.find(
    (one) => one !== pai && pai !== undefined && equalOctets(one.subject, pai.issuer),
  )
  const chained = new Set([leaf, pai, paa])
  const stray = certificates.filter((one) => !chained.has(one)).length
  if (stray > 0) throw refused(`${stray} certificates belong to no chain with that of the board`)
  return { dac: leaf.der, pai: pai?.der ?? authorities.pai, paa: paa?.der ?? authorities.paa }
}

function refused(why: string): IssuerError {
  return new IssuerError('ISSUER_ANSWER_REFUSED', why)
}
