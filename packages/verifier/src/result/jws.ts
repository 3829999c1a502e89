import {
  BytesError,
  concat,
  decodeUtf8,
  encodeUtf8,
  fromBase64url,
  parseJson,
  toBase64url,
  type JsonValue,
} from '@keyline/bytes'
import {
  coordinateLength,
  sha256,
  verifyMessage,
  type CurvePublicKey,
  type HashAlgorithm,
  type Signer,
  type WeierstrassCurve,
} from '@keyline/crypto'
import { EatError } from '@keyline/eat'
import { DerReader } from '@keyline/x509'
import { VerifierError } from '../errors.ts'
import { isObject } from '../policy/condition.ts'
import type { JsonObject } from '../policy/input.ts'

/** Signature algorithms of results, each with its curve (RFC 7518 section 3.4). Never `none`, never an HMAC. */
export const jwsAlgorithms = {
  ES256: { curve: 'P-256', hash: 'SHA-256' },
  ES384: { curve: 'P-384', hash: 'SHA-384' },
  ES512: { curve: 'P-521', hash: 'SHA-512' },
} as const satisfies Readonly<
  Record<string, { readonly curve: WeierstrassCurve; readonly hash: HashAlgorithm }>
>
export type JwsAlgorithm = keyof typeof jwsAlgorithms

/** Signs results. */
export interface ResultSigner {
  readonly algorithm: JwsAlgorithm
  readonly keyId: string
  /** r ‖ s over the message, with the hash of the algorithm. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** Key of a verifier whose results are read. */
export interface ResultKey {
  readonly algorithm: JwsAlgorithm
  readonly publicKey: CurvePublicKey
}

/** Longest result that is read, in characters. */
const longest = 1 << 20

/** ES256 with a signer of the house; `kid` is the thumbprint of its key (RFC 7638). */
export function resultSigner(signer: Signer): ResultSigner {
  const point = signer.publicKey.point.subarray(1)
  const keyId = jwkThumbprint('P-256', point)
  return {
    algorithm: 'ES256',
    keyId,
    sign: async (message) => rawSignature(await signer.sign(message), 'P-256'),
  }
}

/** Members of a public key as a JWK (RFC 7518 section 6.2.1). @param point X ‖ Y */
export function publicJwk(curve: WeierstrassCurve, point: Uint8Array) {
  const half = point.length / 2
  return {
    crv: curve,
    kty: 'EC',
    x: toBase64url(point.subarray(0, half)),
    y: toBase64url(point.subarray(half)),
  } as const
}

/** RFC 7638: SHA-256 over the four members in their order, base64url. */
export function jwkThumbprint(curve: WeierstrassCurve, point: Uint8Array): string {
  return toBase64url(sha256(encodeUtf8(JSON.stringify(publicJwk(curve, point)))))
}

/** Compact serialisation of a signed JSON object (RFC 7515 section 7.1). */
export async function signJws(payload: JsonValue, signer: ResultSigner): Promise<string> {
  const header = { alg: signer.algorithm, typ: 'JWT', kid: signer.keyId }
  const text = [header, payload]
    .map((part) => toBase64url(encodeUtf8(JSON.stringify(part))))
    .join('.')
  return `${text}.${toBase64url(await signer.sign(encodeUtf8(text)))}`
}

/**
 * Verifies a compact JWS under the one algorithm and key that are configured: form, algorithm, signature. What the header
 * says of keys is not looked at. @returns its payload
 * @throws VerifierError `E_JWS_FORMAT`, `E_JWS_ALG`; EatError `E_SIG_INVALID`
 */
export function openJws(jws: string, { algorithm, publicKey }: ResultKey): JsonObject {
  if (jws.length > longest) refuse(`has ${jws.length} characters, at most ${longest}`)
  const segments = jws.split('.')
  const [head, body, tail] = segments
  if (segments.length !== 3 || head === undefined || body === undefined || tail === undefined) {
    return refuse(`has ${segments.length} segments, not 3`)
  }
  const header = objectOf(head, 'header')
  const signature = octetsOf(tail, 'signature')
  if (header['alg'] !== algorithm) {
    const found = JSON.stringify(header['alg'] ?? null)
    throw new VerifierError('E_JWS_ALG', `the algorithm is ${found}, not ${algorithm}`)
  }
  const { curve, hash } = jwsAlgorithms[algorithm]
  const message = encodeUtf8(`${head}.${body}`)
  if (header['crit'] !== undefined) refuse('has critical members that are not understood')
  if (publicKey.curve !== curve || !verifyMessage(publicKey, { message, hash, signature })) {
    throw new EatError('E_SIG_INVALID', `the ${algorithm} signature of the result does not verify`)
  }
  return objectOf(body, 'payload')
}

function objectOf(segment: string, what: string): JsonObject {
  const octets = octetsOf(segment, what)
  try {
    const value = parseJson(decodeUtf8(octets), what, { maxDepth: 32 })
    if (isObject(value)) return value
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    return refuse(error.message)
  }
  return refuse(`has a ${what} that is no JSON object`)
}

function octetsOf(segment: string, what: string): Uint8Array {
  try {
    return fromBase64url(segment, what)
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    return refuse(error.message)
  }
}

/** r ‖ s of an ECDSA signature in DER. */
function rawSignature(der: Uint8Array, curve: WeierstrassCurve): Uint8Array<ArrayBuffer> {
  const members = new DerReader(der).sequence('signature')
  const length = coordinateLength(curve)
  return concat(leftPadded(members.integer('r'), length), leftPadded(members.integer('s'), length))
}

function leftPadded(integer: Uint8Array, length: number): Uint8Array {
  const magnitude = integer.subarray(Math.max(0, integer.length - length))
  const octets = new Uint8Array(length)
  octets.set(magnitude, length - magnitude.length)
  return octets
}

function refuse(message: string): never {
  throw new VerifierError('E_JWS_FORMAT', `the result ${message}`)
}
