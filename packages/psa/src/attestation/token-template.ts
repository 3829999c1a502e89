import {
  cborMap,
  decodeClaims,
  encodeClaims,
  encodeEnvelope,
  HeaderLabel,
  keyIdOf,
  locateCbor,
  protectedHeaderOf,
  toBeAuthenticated,
  tokenProfiles,
  type TokenClaims,
} from '@keyline/eat'
import type { TokenAlgorithm } from './signer.ts'

export interface TemplateInput {
  /** With zeros of the right length for a nonce. */
  readonly claims: TokenClaims
  readonly algorithm: TokenAlgorithm
  /** DER, for the protected header. */
  readonly certificate?: Uint8Array | undefined
  readonly withKeyId?: boolean | undefined
}

/**
 * A token of which nonce and signature are still open. Between two resets nothing else changes for one caller, so the
 * encoder runs once, and the length of the token is known without a signature.
 */
export class TokenTemplate {
  readonly #message: Uint8Array
  readonly #token: Uint8Array
  readonly #nonceInMessage: number
  readonly #nonceInToken: number

  /** @throws EatError when the claims are not those of their profile */
  constructor({ claims, algorithm, certificate, withKeyId }: TemplateInput) {
    const { cose, length } = algorithm
    const payload = encodeClaims(claims)
    decodeClaims(payload)
    const others = cborMap([HeaderLabel.certificateChain, certificate])
    const protectedOctets = protectedHeaderOf(cose, others)
    const kid = withKeyId === true ? keyIdOf(claims.instanceId) : undefined
    const unprotectedHeader = cborMap([HeaderLabel.keyId, kid])
    const content = { kind: cose.kind, protectedOctets, payload }
    const signature = new Uint8Array(length)
    this.#message = toBeAuthenticated(content)
    this.#token = encodeEnvelope({ ...content, unprotectedHeader, signature })
    const nonce = nonceOffset(payload, claims)
    this.#nonceInMessage = this.#message.length - payload.length + nonce
    const behindPayload = headLength(length) + length
    this.#nonceInToken = this.#token.length - behindPayload - payload.length + nonce
  }

  /** Octets of the token. */
  get length(): number {
    return this.#token.length
  }

  /** Sig_structure or MAC_structure over a nonce. */
  toBeAuthenticated(nonce: Uint8Array): Uint8Array<ArrayBuffer> {
    const message = this.#message.slice()
    message.set(nonce, this.#nonceInMessage)
    return message
  }

  token(nonce: Uint8Array, signature: Uint8Array): Uint8Array<ArrayBuffer> {
    const token = this.#token.slice()
    token.set(nonce, this.#nonceInToken)
    token.set(signature, token.length - signature.length)
    return token
  }
}

/** Where the octets of the nonce stand in the payload. */
function nonceOffset(payload: Uint8Array, { profile, nonce }: TokenClaims): number {
  const key = tokenProfiles[profile].claims.find(({ name }) => name === 'nonce')?.key
  const item = key === undefined ? undefined : locateCbor(payload, [key])
  if (item === undefined) throw new TypeError('every profile has a nonce')
  return item + headLength(nonce.length)
}

/** Octets before a byte string of 24 to 255 octets. */
function headLength(length: number): number {
  return length < 24 ? 1 : 2
}
