import { concat, type Random } from '@keyline/bytes'
import {
  blobIvLength,
  blobTagLength,
  hasCounterOfTwo,
  type Ccb,
  type CcbFailure,
  type CcbResult,
  type SymmetricWrapping,
  type WrappedBlob,
} from '../ccb/index.ts'
import { isUncompressedPoint, uncompressed } from '../ccb/point.ts'
import { Algorithm, isOaep, oaepHash, signatureAlgorithm } from '../key/algorithm.ts'
import { isKeyIdIn, keyIds, Location } from '../key/lifetime.ts'
import { isEccPair, KeyType } from '../key/type.ts'
import type { AuthenticatedOperation, BlockOperation } from '../primitive/aes-mode.ts'
import { openOaep } from '../primitive/rsa-padding.ts'
import { checkRsaPrivateKey } from '../primitive/rsa-key.ts'
import { containerLength, isSoundContainer, keyBufferIn } from '../rsse/container.ts'
import { failed, succeeded, type Failure, type PsaResult } from '../status/result.ts'
import { KweStatus, PsaStatus } from '../status/status.ts'
import type {
  DecryptInput,
  Driver,
  DriverKey,
  ImportInput,
  NewKeyData,
  SignHashInput,
} from './driver.ts'
import { curveKeyFor, eccBufferLength, rsaBufferSize, type WrappedCurve } from './kwe-layout.ts'
import { padForSignature } from './rsa-hash.ts'

export interface KeyWrapEngineOptions {
  readonly ccb: Ccb
  /** For the salt of RSA PSS, which the software draws. */
  readonly random: Random
  /** How AES keys are wrapped: CBC unless given, as on STM32U3. */
  readonly symmetricWrapping?: SymmetricWrapping | undefined
  /** Quirks of the ST driver: raw status on some paths (D6), lax import of containers (D8). Off unless given. */
  readonly stCompat?: boolean | undefined
  /** Recompute the public key of an elliptic key before it is stored (D12). Off unless given. */
  readonly verifyOnImport?: boolean | undefined
}

const blobHeadLength = blobIvLength + blobTagLength
/** What the ST sample declares for a container. */
const sampleContainerLength = 32
const aesAlgorithms: ReadonlySet<number> = new Set([
  Algorithm.ecb,
  Algorithm.cbc,
  Algorithm.gcm,
  Algorithm.ccm,
])

/**
 * The Key Wrap Engine: the opaque driver of location 0x800001 over the CCB (chapter 4). What it stores is wrapped; what
 * it does with a key happens inside the CCB.
 */
export class KeyWrapEngine implements Driver {
  readonly location: number = Location.keyWrapEngine
  readonly #options: KeyWrapEngineOptions
  readonly #ccb: Ccb

  constructor(options: KeyWrapEngineOptions) {
    this.#options = options
    this.#ccb = options.ccb
  }

  keyBufferSize(
    { type, bits }: { readonly type: number; readonly bits: number },
    dataLength: number,
  ): number {
    const keyLength = bits === 0 ? dataLength : Math.ceil(bits / 8)
    if (isEccPair(type)) return blobHeadLength + keyLength
    if (type === KeyType.rsaPair) return rsaBufferSize(bits === 0 ? 4096 : bits)
    return type === KeyType.aes ? this.#aesBufferLength(keyLength) : 0
  }

  importKey({ attributes, data, buffer }: ImportInput): PsaResult<NewKeyData> {
    const { type, algorithm } = attributes
    if (isEccPair(type)) return this.#importCurveKey({ attributes, data, buffer })
    if (isKeyIdIn(keyIds.rsseWrapped, attributes.id)) return failed(PsaStatus.notSupported)
    if (type === KeyType.rsaPair) return this.#importRsa(algorithm, data)
    if (type === KeyType.aes && aesAlgorithms.has(algorithm)) return this.#importAes(data)
    return failed(PsaStatus.notSupported)
  }

  generateKey(attributes: ImportInput['attributes']): PsaResult<NewKeyData> {
    if (!isEccPair(attributes.type)) return failed(PsaStatus.notSupported)
    const key = curveKeyFor(attributes)
    if (key.status !== PsaStatus.success) return key
    return this.#newBlob(key.value, this.#ccb.generatePrivateKey(key.value))
  }

  exportPublicKey(key: DriverKey): PsaResult<Uint8Array> {
    if (!isEccPair(key.attributes.type)) return failed(PsaStatus.notSupported)
    return this.#withCurveKey(key, (curveKey) => {
      const point = this.#ccb.publicKey(curveKey)
      return point.ok ? succeeded(uncompressed(point.value)) : failureOf(point)
    })
  }

  signHash(key: DriverKey, input: SignHashInput): PsaResult<Uint8Array> {
    if (key.attributes.type === KeyType.rsaPair) return this.#signRsa(key, input)
    return this.#withCurveKey(key, (curveKey) =>
      this.#rawStatus(this.#ccb.sign(curveKey, input.hash)),
    )
  }

  agree(key: DriverKey, peer: Uint8Array): PsaResult<Uint8Array> {
    return this.#withCurveKey(key, (curveKey) => {
      if (!isUncompressedPoint(curveKey.curve, peer)) return failed(PsaStatus.invalidArgument)
      const secret = this.#ccb.multiply(curveKey, peer.subarray(1))
      return secret.ok ? succeeded(secret.value) : failureOf(secret)
    })
  }

  /** One answer for whatever is wrong with the input or the blob, but for a shortage of randomness. */
  decrypt(key: DriverKey, { algorithm, input, label }: DecryptInput): PsaResult<Uint8Array> {
    const hash = oaepHash(algorithm)
    if (key.attributes.type !== KeyType.rsaPair || hash === undefined) {
      return failed(PsaStatus.notSupported)
    }
    return this.#withRsaKey(key, (rsaKey) => {
      const padded = this.#ccb.exponentiate(rsaKey, input)
      if (!padded.ok) return failureOf(padded)
      const message = openOaep(padded.value, { hash, label })
      padded.value.fill(0)
      return message === undefined ? failed(PsaStatus.hardwareFailure) : succeeded(message)
    })
  }

  applyBlocks({ data }: DriverKey, operation: BlockOperation): PsaResult<Uint8Array> {
    return this.#withAesKey(data, (key) => this.#ccb.saes.applyBlocks(key, operation))
  }

  applyAuthenticated(
    { data }: DriverKey,
    operation: AuthenticatedOperation,
  ): PsaResult<Uint8Array> {
    return this.#withAesKey(data, (key) => this.#ccb.saes.applyAuthenticated(key, operation))
  }

  #importCurveKey(input: ImportInput): PsaResult<NewKeyData> {
    const { attributes, data } = input
    const isContainer = isKeyIdIn(keyIds.rsseWrapped, attributes.id)
    const key = curveKeyFor(attributes, isContainer ? undefined : data.length)
    if (key.status !== PsaStatus.success) return key
    if (isContainer) return this.#importContainer(key.value, input)
    if (data.length !== key.value.length) return failed(PsaStatus.invalidArgument)
    const wrapped = this.#ccb.wrapPrivateKey(key.value, data)
    if (!wrapped.ok && wrapped.reason === 'invalid-parameter') {
      return failed(PsaStatus.invalidArgument)
    }
    return this.#newBlob(key.value, wrapped)
  }

  /** Copies the wrapped key out of its container; nothing is opened (section 4.5). */
  #importContainer(key: WrappedCurve, { data, buffer }: ImportInput): PsaResult<NewKeyData> {
    const whole = containerLength(key.length)
    const isLax = this.#options.stCompat === true
    const isLengthRight =
      data.length === whole ||
      (isLax && data.length === sampleContainerLength && buffer.length >= whole)
    const container = buffer.subarray(0, whole)
    if (!isLengthRight || !(isLax || isSoundContainer(container, key.length))) {
      return failed(PsaStatus.invalidArgument)
    }
    const keyBuffer = keyBufferIn(container, key.length)
    if (!hasCounterOfTwo(keyBuffer)) return failed(PsaStatus.invalidArgument)
    return this.#kept(key, keyBuffer)
  }

  #newBlob(key: WrappedCurve, wrapped: CcbResult<WrappedBlob>): PsaResult<NewKeyData> {
    return wrapped.ok ? this.#kept(key, bufferOf(wrapped.value)) : failureOf(wrapped)
  }

  #kept(key: WrappedCurve, data: Uint8Array): PsaResult<NewKeyData> {
    if (this.#options.verifyOnImport === true) {
      const curveKey = { curve: key.curve, blob: blobOf(data, [key.length]) }
      const point = this.#ccb.publicKey(curveKey, key.usage)
      if (!point.ok) return failureOf(point)
    }
    return succeeded({ data, bits: key.bits })
  }

  #importRsa(algorithm: number, der: Uint8Array): PsaResult<NewKeyData> {
    const family = signatureAlgorithm(algorithm)?.family
    if (family !== 'rsa-pkcs1' && family !== 'rsa-pss' && !isOaep(algorithm)) {
      return failed(PsaStatus.notSupported)
    }
    const numbers = checkRsaPrivateKey(der)
    if (numbers === undefined) return failed(PsaStatus.invalidArgument)
    const { bits, modulus, exponent, phi } = numbers
    const wrapped =
      bits < 2048 || bits > 4096 || bits % 8 !== 0 ? undefined : this.#ccb.wrapRsaKey(numbers)
    exponent.fill(0)
    phi.fill(0)
    if (wrapped === undefined) return failed(PsaStatus.notSupported)
    if (!wrapped.ok) return failureOf(wrapped)
    return succeeded({ data: concat(bufferOf(wrapped.value), modulus), bits })
  }

  #importAes(key: Uint8Array): PsaResult<NewKeyData> {
    const wrapped = this.#ccb.saes.wrapKey(key, this.#wrapping)
    return wrapped.ok
      ? succeeded({ data: wrapped.value, bits: 8 * key.length })
      : failureOf(wrapped)
  }

  #signRsa(key: DriverKey, input: SignHashInput): PsaResult<Uint8Array> {
    return this.#withRsaKey(key, (rsaKey) => {
      const { random } = this.#options
      const padded = padForSignature(input, { modulusBits: key.attributes.bits, random })
      if (padded.status !== PsaStatus.success) return padded
      return this.#rawStatus(this.#ccb.exponentiate(rsaKey, padded.value))
    })
  }

  #withCurveKey(
    { attributes, data }: DriverKey,
    use: (key: {
      readonly curve: WrappedCurve['curve']
      readonly blob: WrappedBlob
    }) => PsaResult<Uint8Array>,
  ): PsaResult<Uint8Array> {
    const key = curveKeyFor(attributes)
    if (key.status !== PsaStatus.success) return key
    const { curve, length } = key.value
    return whenStored(data, eccBufferLength(length), () =>
      use({ curve, blob: blobOf(data, [length]) }),
    )
  }

  #withRsaKey(
    { attributes, data }: DriverKey,
    use: (key: {
      readonly modulus: Uint8Array
      readonly blob: WrappedBlob
    }) => PsaResult<Uint8Array>,
  ): PsaResult<Uint8Array> {
    const length = attributes.bits / 8
    return whenStored(data, blobHeadLength + 3 * length, () =>
      use({ modulus: data.subarray(-length), blob: blobOf(data, [length, length]) }),
    )
  }

  #withAesKey(
    data: Uint8Array,
    use: (key: {
      readonly wrapping: SymmetricWrapping
      readonly octets: Uint8Array
    }) => CcbResult<Uint8Array>,
  ): PsaResult<Uint8Array> {
    const isWhole = [16, 32].some((length) => this.#aesBufferLength(length) === data.length)
    if (!isWhole) return failed(PsaStatus.dataCorrupt)
    return this.#rawStatus(use({ wrapping: this.#wrapping, octets: data }))
  }

  /** The paths on which the ST driver hands its own status through (decision D6). */
  #rawStatus(result: CcbResult<Uint8Array>): PsaResult<Uint8Array> {
    if (result.ok) return succeeded(result.value)
    return this.#options.stCompat === true ? failed(KweStatus.error) : failureOf(result)
  }

  get #wrapping(): SymmetricWrapping {
    return this.#options.symmetricWrapping ?? 'cbc'
  }

  #aesBufferLength(keyLength: number): number {
    return this.#wrapping === 'cbc' ? blobIvLength + keyLength : keyLength
  }
}

/** A buffer of another length is damaged; one with another counter is refused before its use (decision D11). */
function whenStored(
  data: Uint8Array,
  length: number,
  use: () => PsaResult<Uint8Array>,
): PsaResult<Uint8Array> {
  if (data.length !== length) return failed(PsaStatus.dataCorrupt)
  return hasCounterOfTwo(data) ? use() : failed(PsaStatus.hardwareFailure)
}

/** `IV ‖ TAG ‖ parts`. */
function bufferOf({ iv, tag, parts }: WrappedBlob): Uint8Array<ArrayBuffer> {
  return concat(iv, tag, ...parts)
}

function blobOf(data: Uint8Array, partLengths: readonly number[]): WrappedBlob {
  let offset = blobHeadLength
  return {
    iv: data.subarray(0, blobIvLength),
    tag: data.subarray(blobIvLength, blobHeadLength),
    parts: partLengths.map((length) => data.subarray(offset, (offset += length))),
  }
}

function failureOf({ reason }: CcbFailure): Failure {
  const isStarved = reason === 'rng-failure'
  return failed(isStarved ? PsaStatus.insufficientEntropy : PsaStatus.hardwareFailure)
}
