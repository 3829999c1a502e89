import { isKeylineError, toHex, type Finding } from '@keyline/bytes'
import { p256PublicKey, sha256, type P256PublicKey } from '@keyline/crypto'
import type { Policy } from '@keyline/ledger/records'
import { matterIds } from '@keyline/matter'
import {
  derLimits,
  isEcdsaSignature,
  isEcdsaWithSha256,
  parseRequest,
  type CertificateRequest,
} from '@keyline/x509'
import { publishedKeyName } from '../policy/policy.ts'
import { ownThread, type SignatureVerifier } from '../verify/signature-verifier.ts'
import { requestRules, type RequestRule } from './request-rules.ts'

/** What a request is checked against. */
export interface RequestContext {
  /** Of the work order. */
  readonly vendorId: number
  readonly productId: number
  readonly policy: Policy
  /** True when the key belongs to a device of the record or to a CA. The argument is lower-case hexadecimal. */
  readonly isKeyKnown: (spkiSha256: string) => Promise<boolean>
}

/** An accepted request gives its key; a refused one the first failing check. */
export type RequestCheck =
  | {
      readonly ok: true
      readonly publicKey: P256PublicKey
      /** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal. */
      readonly spkiSha256: string
    }
  | { readonly ok: false; readonly finding: Finding }

/** A request whose key can be read: nothing else of it is judged yet. */
export interface ReadRequest {
  readonly ok: true
  readonly request: CertificateRequest
  /** 65 octets, on the curve. */
  readonly point: Uint8Array
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly spkiSha256: string
}

type Refused = Extract<RequestCheck, { readonly ok: false }>

/**
 * Checks a certificate request from a board in the order of the specification; the first failing check decides.
 * The key is compared with the named curve before it is imported, so explicit curve parameters never reach the
 * runtime. Attributes are ignored. Any octets give an answer. Source: station 8.1.
 * @param csr PKCS#10 DER
 */
export async function checkRequest(
  csr: Uint8Array,
  context: RequestContext,
): Promise<RequestCheck> {
  const read = readRequest(csr)
  if (!read.ok) return read
  const refused =
    (await judgeRequest(read, context, ownThread)) ??
    judgeKey(read, context, await context.isKeyKnown(read.spkiSha256))
  if (refused !== undefined) return refused
  return { ok: true, publicKey: p256PublicKey(read.point), spkiSha256: read.spkiSha256 }
}

/** The checks up to the key: CSR-08 and CSR-01 to CSR-03. */
export function readRequest(csr: Uint8Array): ReadRequest | Refused {
  if (csr.length === 0 || csr.length > derLimits.request) {
    return refuse('CSR-08', 'request', `${csr.length} octets`, 'its size is not allowed')
  }
  const request = parse(csr)
  if (typeof request === 'string') {
    return refuse('CSR-01', 'request', `${csr.length} octets`, request)
  }
  if (request.version !== 0) {
    return refuse('CSR-02', 'version', String(request.version), 'it must be 0')
  }
  const { point } = request.spki
  if (point === undefined) {
    const message = 'it is not an uncompressed point on the named curve prime256v1'
    return refuse('CSR-03', 'subjectPKInfo', toHex(request.spki.der), message)
  }
  return { ok: true, request, point, spkiSha256: toHex(sha256(request.spki.der)) }
}

/** Signature and subject: CSR-04 to CSR-06. */
export async function judgeRequest(
  { request, point }: ReadRequest,
  order: Pick<RequestContext, 'vendorId' | 'productId'>,
  verifier: SignatureVerifier,
): Promise<Refused | undefined> {
  if (!isEcdsaWithSha256(request.signatureAlgorithm)) {
    const message = 'it must be ecdsa-with-SHA256 without parameters'
    return refuse('CSR-04', 'signatureAlgorithm', request.signatureAlgorithm.oid, message)
  }
  const { octets: signature, unusedBits } = request.signature
  const isForm = unusedBits === 0 && isEcdsaSignature(signature)
  if (!isForm || !(await verifier.verify({ point, message: request.info, signature }))) {
    const message = 'it does not verify with the key of the request'
    return refuse('CSR-05', 'signature', toHex(signature), message)
  }
  const foreign = foreignId(request.subject, order)
  return foreign === undefined
    ? undefined
    : refuse('CSR-06', 'subject', toHex(request.subject), foreign)
}

/** Whose key it is: CSR-07 and CSR-09. */
export function judgeKey(
  { spkiSha256 }: ReadRequest,
  { policy }: Pick<RequestContext, 'policy'>,
  isKnown: boolean,
): Refused | undefined {
  if (isKnown) {
    const message = 'it belongs to another device or to a CA already'
    return refuse('CSR-07', 'public key', spkiSha256, message)
  }
  const published = policy === 'production' ? publishedKeyName(spkiSha256) : undefined
  if (published !== undefined) {
    const message = `anyone has its private part, it is ${published}`
    return refuse('CSR-09', 'public key', spkiSha256, message)
  }
  return undefined
}

/** Why the ids in a subject are not those of the order; undefined when none stands there or all agree. */
function foreignId(
  subject: Uint8Array,
  context: Pick<RequestContext, 'vendorId' | 'productId'>,
): string | undefined {
  const { vendorId, productId, problem } = matterIds(subject)
  if (problem !== undefined) return problem
  if ((vendorId ?? context.vendorId) !== context.vendorId) {
    return `its vendor id ${hexId(vendorId)} is not ${hexId(context.vendorId)} of the work order`
  }
  return (productId ?? context.productId) === context.productId
    ? undefined
    : `its product id ${hexId(productId)} is not ${hexId(context.productId)} of the work order`
}

/** The request, or why the octets are none. */
function parse(der: Uint8Array): CertificateRequest | string {
  try {
    return parseRequest(der)
  } catch (error) {
    if (isKeylineError(error)) return error.message
    throw error
  }
}

function refuse(rule: RequestRule, field: string, value: string, message: string): Refused {
  const { severity, remedy } = requestRules[rule]
  return { ok: false, finding: { rule, severity, field, value, message, remedy } }
}

function hexId(id = 0): string {
  return `0x${id.toString(16).toUpperCase().padStart(4, '0')}`
}
