import { concat, equalSecret, type Random } from '@keyline/bytes'
import { hashOf, type HashAlgorithm } from '@keyline/crypto'
import {
  Algorithm,
  hashFunction,
  hmacHash,
  isKeyAgreement,
  isOaep,
  isRawKeyAgreement,
  signatureAlgorithm,
} from '../key/algorithm.ts'
import type { KeyAttributes } from '../key/attributes.ts'
import { isAsymmetric, isKeyPair, isRsa, KeyType } from '../key/type.ts'
import { Usage } from '../key/usage.ts'
import {
  aeadTagLength,
  isNonceOf,
  ivLength,
  type AuthenticatedMode,
  type BlockMode,
  type Direction,
} from '../primitive/aes-mode.ts'
import { failed, succeeded, type PsaOutput, type PsaResult } from '../status/result.ts'
import { PsaStatus, type CallStatus } from '../status/status.ts'
import { KeyManagement, type DrivenKey, type PsaCryptoOptions } from './key-management.ts'
import {
  spoiledSignature,
  unwritten,
  written,
  writtenSignature,
  type OutputSize,
} from './output.ts'
import type {
  AeadRequest,
  AgreementRequest,
  CipherRequest,
  DecryptRequest,
  HashComparison,
  HashRequest,
  MacRequest,
  SignHashRequest,
  SignMessageRequest,
  VerifyHashRequest,
  VerifyMessageRequest,
} from './requests.ts'

const blockModes: ReadonlyMap<number, BlockMode> = new Map([
  [Algorithm.ecb, 'ecb'],
  [Algorithm.cbc, 'cbc'],
])
const authenticatedModes: ReadonlyMap<number, AuthenticatedMode> = new Map([
  [Algorithm.gcm, 'gcm'],
  [Algorithm.ccm, 'ccm'],
])

/**
 * The PSA Crypto service of a device (chapter 2): keys by id, each used through the driver of its location. Every call
 * answers with a status of the specification and never throws for what its caller passes.
 */
export class PsaCrypto extends KeyManagement {
  readonly #random: Random

  constructor(options: PsaCryptoOptions) {
    super(options)
    this.#random = options.random
  }

  /** `psa_sign_hash`: r ‖ s, or an RSA signature of modulus length. */
  signHash({ key, algorithm, hash, size }: SignHashRequest): PsaOutput {
    const refused = this.#checkSignature(algorithm, size)
    if (refused !== PsaStatus.success) return unwritten(refused, size)
    return this.#sign({ key, algorithm, usage: Usage.signHash, size }, hash)
  }

  /** `psa_sign_message`: hashes with the hash of the algorithm, then as {@link signHash}. */
  signMessage({ key, algorithm, message, size }: SignMessageRequest): PsaOutput {
    const refused = this.#checkSignature(algorithm, size)
    if (refused !== PsaStatus.success) return unwritten(refused, size)
    const hash = messageHash(algorithm, message)
    if (hash === undefined) return unwritten(PsaStatus.invalidArgument, size)
    return this.#sign({ key, algorithm, usage: Usage.signMessage, size }, hash)
  }

  /** `psa_verify_hash`. */
  verifyHash({ key, algorithm, hash, signature }: VerifyHashRequest): CallStatus {
    const refused = this.#checkSignature(algorithm)
    if (refused !== PsaStatus.success) return refused
    return this.#verify({ key, algorithm, usage: Usage.verifyHash }, { hash, signature })
  }

  /** `psa_verify_message`. */
  verifyMessage({ key, algorithm, message, signature }: VerifyMessageRequest): CallStatus {
    const refused = this.#checkSignature(algorithm)
    if (refused !== PsaStatus.success) return refused
    const hash = messageHash(algorithm, message)
    if (hash === undefined) return PsaStatus.invalidArgument
    return this.#verify({ key, algorithm, usage: Usage.verifyMessage }, { hash, signature })
  }

  /** `psa_mac_compute` with HMAC; no opaque driver has it. */
  macCompute({ key, algorithm, input, size }: MacRequest): PsaOutput {
    const hash = hmacHash(algorithm)
    if (hash === undefined) return unwritten(PsaStatus.invalidArgument, size)
    const found = this.permitted(key, { usage: Usage.signMessage, algorithm })
    if (found.status !== PsaStatus.success) return unwritten(found.status, size)
    const { driver, key: used } = found.value
    if (driver.computeMac === undefined || used.attributes.type !== KeyType.hmac) {
      return unwritten(PsaStatus.invalidArgument, size)
    }
    return outputFrom(driver.computeMac(used, { hash, input }), size)
  }

  /** `psa_export_public_key`: `04 ‖ X ‖ Y`, or DER RSAPublicKey; needs no usage flag. */
  exportPublicKey(key: number, size?: number): PsaOutput {
    if (size === 0) return unwritten(PsaStatus.bufferTooSmall, size)
    const found = this.driven(key)
    if (found.status !== PsaStatus.success) return unwritten(found.status, size)
    const { driver, key: used } = found.value
    if (!isAsymmetric(used.attributes.type)) return unwritten(PsaStatus.invalidArgument, size)
    return outputFrom(driver.exportPublicKey(used), size)
  }

  /** `psa_export_key`: the clear key, with EXPORT; never from an opaque driver. */
  exportKey(key: number, size?: number): PsaOutput {
    if (size === 0) return unwritten(PsaStatus.bufferTooSmall, size)
    const found = this.driven(key)
    if (found.status !== PsaStatus.success) return unwritten(found.status, size)
    const { driver, key: used } = found.value
    const { type, usage } = used.attributes
    const isPermitted = (usage & Usage.export) !== 0 || (isAsymmetric(type) && !isKeyPair(type))
    if (!isPermitted) return unwritten(PsaStatus.notPermitted, size)
    if (driver.exportKey === undefined) return unwritten(PsaStatus.invalidArgument, size)
    return outputFrom(driver.exportKey(used), size)
  }

  /** `psa_raw_key_agreement`: the shared secret. On failure the buffer is random and the length is its size. */
  rawKeyAgreement({ key, algorithm, peerKey, size }: AgreementRequest): PsaOutput {
    const agreed = this.#agree({ key, algorithm, peerKey, size })
    if (agreed.status === PsaStatus.success) return written(agreed.value, size)
    const length = size ?? 0
    return { status: agreed.status, buffer: this.#random.bytes(length), length }
  }

  /** `psa_asymmetric_decrypt`. */
  asymmetricDecrypt(request: DecryptRequest): PsaOutput {
    const { key, algorithm, input, label = new Uint8Array(), size } = request
    if (label.length > 0 && !isOaep(algorithm)) return unwritten(PsaStatus.invalidArgument, size)
    const found = this.permitted(key, { usage: Usage.decrypt, algorithm })
    if (found.status !== PsaStatus.success) return unwritten(found.status, size)
    const { driver, key: used } = found.value
    if (!isKeyPair(used.attributes.type)) return unwritten(PsaStatus.invalidArgument, size)
    return outputFrom(driver.decrypt(used, { algorithm, input, label }), size)
  }

  /** `psa_cipher_encrypt`: `IV ‖ ciphertext`, under a fresh IV where the mode has one. */
  cipherEncrypt(request: CipherRequest): PsaOutput {
    return this.#cipher(request, 'encrypt')
  }

  /** `psa_cipher_decrypt` of `IV ‖ ciphertext`. */
  cipherDecrypt(request: CipherRequest): PsaOutput {
    return this.#cipher(request, 'decrypt')
  }

  /** `psa_aead_encrypt`: `ciphertext ‖ tag`. */
  aeadEncrypt(request: AeadRequest): PsaOutput {
    return this.#aead(request, 'encrypt')
  }

  /** `psa_aead_decrypt` of `ciphertext ‖ tag`. */
  aeadDecrypt(request: AeadRequest): PsaOutput {
    return this.#aead(request, 'decrypt')
  }

  /** `psa_hash_compute`; needs no key. */
  hashCompute({ algorithm, input, size }: HashRequest): PsaOutput {
    const hash = hashFunction(algorithm)
    if (hash === undefined) return unwritten(PsaStatus.invalidArgument, size)
    if ((size ?? hash.length) < hash.length) return unwritten(PsaStatus.bufferTooSmall, size)
    if (hash.name === undefined) return unwritten(PsaStatus.notSupported, size)
    return written(hashOf(hash.name, input), size)
  }

  /** `psa_hash_compare`. */
  hashCompare({ algorithm, input, hash }: HashComparison): CallStatus {
    const computed = this.hashCompute({ algorithm, input })
    if (computed.status !== PsaStatus.success) return computed.status
    const isEqual = equalSecret(computed.buffer.subarray(0, computed.length), hash)
    return isEqual ? PsaStatus.success : PsaStatus.invalidSignature
  }

  /** `psa_generate_random`. */
  generateRandom(length: number): PsaResult<Uint8Array<ArrayBuffer>> {
    if (length > 0 && !this.isReady) return failed(PsaStatus.badState)
    try {
      return succeeded(this.#random.bytes(length))
    } catch {
      return failed(PsaStatus.insufficientEntropy)
    }
  }

  /** Steps 1 and 2 of signing: an algorithm that signs hashes with a hash of this build, and a buffer. */
  #checkSignature(algorithm: number, size?: OutputSize): CallStatus {
    if (!this.isReady) return PsaStatus.badState
    const hash = signatureAlgorithm(algorithm)?.hash
    if (hash === undefined || hash.kind === 'wildcard') return PsaStatus.invalidArgument
    if (hash.kind === 'missing') return PsaStatus.notSupported
    return size === 0 ? PsaStatus.bufferTooSmall : PsaStatus.success
  }

  #sign(
    { key, algorithm, usage, size }: KeyUse & { readonly size: OutputSize },
    hash: Uint8Array,
  ): PsaOutput {
    const found = this.permitted(key, { usage, algorithm })
    if (found.status !== PsaStatus.success) return spoiledSignature(found.status, size)
    const { driver, key: used } = found.value
    if (!isKeyPair(used.attributes.type)) return spoiledSignature(PsaStatus.invalidArgument, size)
    const length = signatureLength(used.attributes)
    if ((size ?? length) < length) {
      return spoiledSignature(PsaStatus.bufferTooSmall, size)
    }
    const signature = driver.signHash(used, { algorithm, hash })
    return signature.status === PsaStatus.success
      ? writtenSignature(signature.value, size)
      : spoiledSignature(signature.status, size)
  }

  #verify(
    { key, algorithm, usage }: KeyUse,
    input: { readonly hash: Uint8Array; readonly signature: Uint8Array },
  ): CallStatus {
    const found = this.permitted(key, { usage, algorithm })
    if (found.status !== PsaStatus.success) return found.status
    const { driver, key: used } = found.value
    if (driver.verifyHash === undefined || !isAsymmetric(used.attributes.type)) {
      return PsaStatus.invalidArgument
    }
    return driver.verifyHash(used, { algorithm, ...input }).status
  }

  #agree({ key, algorithm, peerKey, size }: AgreementRequest): PsaResult<Uint8Array> {
    if (!isKeyAgreement(algorithm)) return failed(PsaStatus.invalidArgument)
    const found = this.permitted(key, { usage: Usage.derive, algorithm })
    if (found.status !== PsaStatus.success) return found
    const { driver, key: used } = found.value
    const length = Math.ceil(used.attributes.bits / 8)
    if ((size ?? length) < length) return failed(PsaStatus.bufferTooSmall)
    if (!isRawKeyAgreement(algorithm)) return failed(PsaStatus.notSupported)
    return driver.agree(used, peerKey)
  }

  #cipher({ key, algorithm, input, size }: CipherRequest, direction: Direction): PsaOutput {
    const mode = blockModes.get(algorithm)
    if (mode === undefined) return unwritten(PsaStatus.invalidArgument, size)
    const found = this.#aesKey(key, algorithm, direction)
    if (found.status !== PsaStatus.success) return unwritten(found.status, size)
    const { driver, key: used } = found.value
    const split = direction === 'decrypt' ? ivLength[mode] : 0
    const octets = input.subarray(split)
    if (input.length < split || octets.length % 16 !== 0) {
      return unwritten(PsaStatus.invalidArgument, size)
    }
    const head = direction === 'encrypt' ? this.#random.bytes(ivLength[mode]) : new Uint8Array()
    const length = head.length + octets.length
    if ((size ?? length) < length) return unwritten(PsaStatus.bufferTooSmall, size)
    const iv = direction === 'encrypt' ? head : input.subarray(0, split)
    const result = driver.applyBlocks(used, { mode, direction, iv, octets })
    if (result.status !== PsaStatus.success) return unwritten(result.status, size)
    return written(concat(head, result.value), size)
  }

  #aead(request: AeadRequest, direction: Direction): PsaOutput {
    const { key, algorithm, nonce, associatedData, input, size } = request
    const mode = authenticatedModes.get(algorithm)
    if (mode === undefined) return unwritten(PsaStatus.invalidArgument, size)
    const found = this.#aesKey(key, algorithm, direction)
    if (found.status !== PsaStatus.success) return unwritten(found.status, size)
    const messageLength = input.length - (direction === 'decrypt' ? aeadTagLength : 0)
    if (!isNonceOf(mode, nonce, messageLength)) return unwritten(PsaStatus.invalidArgument, size)
    const { driver, key: used } = found.value
    const operation = { mode, direction, nonce, associatedData, octets: input }
    return outputFrom(driver.applyAuthenticated(used, operation), size)
  }

  #aesKey(key: number, algorithm: number, direction: Direction): PsaResult<DrivenKey> {
    const found = this.permitted(key, { usage: Usage[direction], algorithm })
    if (found.status !== PsaStatus.success) return found
    const isAes = found.value.key.attributes.type === KeyType.aes
    return isAes ? found : failed(PsaStatus.invalidArgument)
  }
}

interface KeyUse {
  readonly key: number
  readonly algorithm: number
  readonly usage: number
}

function outputFrom(result: PsaResult<Uint8Array>, size: OutputSize): PsaOutput {
  return result.status === PsaStatus.success
    ? written(result.value, size)
    : unwritten(result.status, size)
}

/** Twice the octets of the curve, or those of the modulus. */
function signatureLength({ type, bits }: KeyAttributes): number {
  return Math.ceil(bits / 8) * (isRsa(type) ? 1 : 2)
}

function messageHash(algorithm: number, message: Uint8Array): Uint8Array | undefined {
  const hash = signatureAlgorithm(algorithm)?.hash
  const name: HashAlgorithm | undefined = hash?.kind === 'named' ? hash.name : undefined
  return name === undefined ? undefined : hashOf(name, message)
}
