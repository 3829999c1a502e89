import { equalOctets, type Random } from '@keyline/bytes'
import {
  deterministicNonces,
  drawPrivateKey,
  hmacOf,
  isPublicKey,
  isWeierstrass,
  publicKeyOf,
  randomNonces,
  sharedSecretOf,
  signDigest,
  verifyDigest,
  CryptoError,
  type NonceSource,
  type WeierstrassCurve,
} from '@keyline/crypto'
import { derInteger, derSequence } from '@keyline/x509'
import { uncompressed } from '../ccb/point.ts'
import { oaepHash, signatureAlgorithm } from '../key/algorithm.ts'
import type { KeyAttributes } from '../key/attributes.ts'
import { Location } from '../key/lifetime.ts'
import { curveOf, curveOfLength, isEccPair, isEccPublic, isRsa, KeyType } from '../key/type.ts'
import {
  applyAuthenticatedMode,
  applyBlockMode,
  type AuthenticatedOperation,
  type BlockOperation,
} from '../primitive/aes-mode.ts'
import { octetsOf } from '../primitive/modular.ts'
import {
  checkRsaPrivateKey,
  readRsaPrivateKey,
  readRsaPublicKey,
  rsaPrivatePower,
  rsaPublicPower,
  type RsaPublicNumbers,
} from '../primitive/rsa-key.ts'
import { isPssOf, openOaep, padPkcs1 } from '../primitive/rsa-padding.ts'
import { failed, succeeded, type PsaResult } from '../status/result.ts'
import { PsaStatus } from '../status/status.ts'
import type {
  DecryptInput,
  Driver,
  DriverKey,
  ImportInput,
  MacInput,
  NewKeyData,
  SignHashInput,
  VerifyHashInput,
} from './driver.ts'
import { hasRoomFor, padForSignature } from './rsa-hash.ts'

type LocalCurve = WeierstrassCurve | 'X25519'

const plainTypes: ReadonlySet<number> = new Set([KeyType.rawData, KeyType.hmac, KeyType.derive])
const rsaBits = { least: 1024, most: 4096 } as const
const aesLengths: ReadonlySet<number> = new Set([16, 24, 32])

/**
 * The built-in driver of the local location: clear keys, in the forms of the PSA specification. Its arithmetic is that
 * of `digest-signature`: for devices in software, not constant in time.
 */
export class SoftwareDriver implements Driver {
  readonly location: number = Location.local
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  keyBufferSize({ type, bits }: KeyAttributes, dataLength: number): number {
    const isKnown =
      plainTypes.has(type) ||
      type === KeyType.aes ||
      isRsa(type) ||
      isEccPair(type) ||
      isEccPublic(type)
    return isKnown ? Math.max(1, dataLength, Math.ceil(bits / 8)) : 0
  }

  importKey({ attributes, data }: ImportInput): PsaResult<NewKeyData> {
    const { type } = attributes
    if (isEccPair(type) || isEccPublic(type)) return importCurveKey(attributes, data)
    if (isRsa(type)) {
      const key = type === KeyType.rsaPair ? checkRsaPrivateKey(data) : readRsaPublicKey(data)
      if (key === undefined) return failed(PsaStatus.invalidArgument)
      const isSize = key.bits >= rsaBits.least && key.bits <= rsaBits.most
      return isSize ? kept(data, key.bits) : failed(PsaStatus.notSupported)
    }
    if (type === KeyType.aes && !aesLengths.has(data.length)) {
      return failed(PsaStatus.invalidArgument)
    }
    return kept(data, 8 * data.length)
  }

  generateKey({ type, bits }: KeyAttributes): PsaResult<NewKeyData> {
    if (isEccPair(type)) {
      const curve = localCurve(curveOf(type, bits))
      if (curve.status !== PsaStatus.success) return curve
      return succeeded({ data: drawPrivateKey(curve.value, this.#random), bits })
    }
    if (isRsa(type)) return failed(PsaStatus.notSupported)
    const isSize = type === KeyType.aes ? aesLengths.has(bits / 8) : bits % 8 === 0
    if (!isSize) return failed(PsaStatus.invalidArgument)
    return succeeded({ data: this.#random.bytes(bits / 8), bits })
  }

  exportKey({ data }: DriverKey): PsaResult<Uint8Array> {
    return succeeded(data.slice())
  }

  exportPublicKey({ attributes, data }: DriverKey): PsaResult<Uint8Array> {
    const { type, bits } = attributes
    if (isEccPublic(type) || type === KeyType.rsaPublic) return succeeded(data.slice())
    if (type === KeyType.rsaPair) {
      const key = readRsaPrivateKey(data)
      if (key === undefined) return failed(PsaStatus.dataCorrupt)
      const exponent = octetsOf(key.publicExponent, key.modulus.length)
      return succeeded(derSequence(derInteger(key.modulus), derInteger(exponent)))
    }
    const curve = localCurve(curveOf(type, bits))
    if (curve.status !== PsaStatus.success) return curve
    const point = publicKeyOf(curve.value, data)
    return succeeded(curve.value === 'X25519' ? point : uncompressed(point))
  }

  signHash({ attributes, data }: DriverKey, input: SignHashInput): PsaResult<Uint8Array> {
    if (attributes.type === KeyType.rsaPair) {
      const random = this.#random
      const padded = padForSignature(input, { modulusBits: attributes.bits, random })
      const key = readRsaPrivateKey(data)
      if (padded.status !== PsaStatus.success) return padded
      const signature = key && rsaPrivatePower(key, padded.value, random)
      return signature === undefined ? failed(PsaStatus.dataCorrupt) : succeeded(signature)
    }
    const curve = signingCurve(attributes)
    const nonces = this.#noncesFor(input.algorithm)
    if (curve === undefined || nonces === undefined) return failed(PsaStatus.invalidArgument)
    return succeeded(signDigest({ curve, privateKey: data, digest: input.hash, nonces }))
  }

  verifyHash({ attributes, data }: DriverKey, input: VerifyHashInput): PsaResult<true> {
    if (isRsa(attributes.type)) return verifyRsa(attributes, data, input)
    const curve = signingCurve(attributes)
    if (curve === undefined || this.#noncesFor(input.algorithm) === undefined) {
      return failed(PsaStatus.invalidArgument)
    }
    const publicKey = isEccPublic(attributes.type) ? data.subarray(1) : publicKeyOf(curve, data)
    const { hash: digest, signature } = input
    return verdict(verifyDigest({ curve, publicKey, digest, signature }))
  }

  computeMac({ data }: DriverKey, { hash, input }: MacInput): PsaResult<Uint8Array> {
    return succeeded(hmacOf(hash, data, input))
  }

  agree({ attributes, data }: DriverKey, peer: Uint8Array): PsaResult<Uint8Array> {
    if (!isEccPair(attributes.type)) return failed(PsaStatus.invalidArgument)
    const curve = localCurve(curveOf(attributes.type, attributes.bits))
    if (curve.status !== PsaStatus.success) return curve
    const publicKey = rawPublicKey(curve.value, peer)
    const secret = publicKey && sharedSecretOf(curve.value, { privateKey: data, publicKey })
    return secret === undefined ? failed(PsaStatus.invalidArgument) : succeeded(secret)
  }

  decrypt({ attributes, data }: DriverKey, request: DecryptInput): PsaResult<Uint8Array> {
    const hash = oaepHash(request.algorithm)
    if (attributes.type !== KeyType.rsaPair) return failed(PsaStatus.invalidArgument)
    if (hash === undefined) return failed(PsaStatus.notSupported)
    const key = readRsaPrivateKey(data)
    if (key === undefined) return failed(PsaStatus.dataCorrupt)
    const padded = rsaPrivatePower(key, request.input, this.#random)
    if (padded === undefined) return failed(PsaStatus.invalidArgument)
    const message = openOaep(padded, { hash, label: request.label })
    return message === undefined ? failed(PsaStatus.invalidPadding) : succeeded(message)
  }

  applyBlocks({ data }: DriverKey, operation: BlockOperation): PsaResult<Uint8Array> {
    return succeeded(applyBlockMode(data, operation))
  }

  applyAuthenticated(
    { data }: DriverKey,
    operation: AuthenticatedOperation,
  ): PsaResult<Uint8Array> {
    const octets = applyAuthenticatedMode(data, operation)
    return octets === undefined ? failed(PsaStatus.invalidSignature) : succeeded(octets)
  }

  /** Where the numbers of an ECDSA signature come from; nothing for another algorithm. */
  #noncesFor(algorithm: number): NonceSource | undefined {
    const signature = signatureAlgorithm(algorithm)
    if (signature?.family === 'ecdsa') return randomNonces(this.#random)
    if (signature?.family !== 'deterministic-ecdsa' || signature.hash.kind !== 'named') {
      return undefined
    }
    return deterministicNonces(signature.hash.name)
  }
}

function importCurveKey(attributes: KeyAttributes, data: Uint8Array): PsaResult<NewKeyData> {
  const { type, bits } = attributes
  const entry = bits === 0 ? curveOfLength(type, data.length) : curveOf(type, bits)
  const curve = localCurve(entry)
  if (curve.status !== PsaStatus.success) return curve
  const isKey = isEccPublic(type)
    ? isPublicPoint(curve.value, data)
    : isPrivateKey(curve.value, data)
  return isKey && entry !== 'unknown' ? kept(data, entry.bits) : failed(PsaStatus.invalidArgument)
}

function localCurve(entry: ReturnType<typeof curveOf>): PsaResult<LocalCurve> {
  if (entry === 'unknown') return failed(PsaStatus.invalidArgument)
  return entry.curve === undefined ? failed(PsaStatus.notSupported) : succeeded(entry.curve)
}

function signingCurve({ type, bits }: KeyAttributes): WeierstrassCurve | undefined {
  const entry = curveOf(type, bits)
  const curve = entry === 'unknown' ? undefined : entry.curve
  return curve !== undefined && isWeierstrass(curve) ? curve : undefined
}

function isPrivateKey(curve: LocalCurve, data: Uint8Array): boolean {
  try {
    publicKeyOf(curve, data)
    return true
  } catch (error) {
    if (error instanceof CryptoError) return false
    throw error
  }
}

function isPublicPoint(curve: LocalCurve, data: Uint8Array): boolean {
  const publicKey = rawPublicKey(curve, data)
  return publicKey !== undefined && isPublicKey(curve, publicKey)
}

/** The form of PSA, without the mark in front of X ‖ Y. */
function rawPublicKey(curve: LocalCurve, octets: Uint8Array): Uint8Array | undefined {
  if (curve === 'X25519') return octets
  return octets[0] === 0x04 ? octets.subarray(1) : undefined
}

function verifyRsa(
  { type, bits }: KeyAttributes,
  data: Uint8Array,
  { algorithm, hash, signature }: VerifyHashInput,
): PsaResult<true> {
  const scheme = signatureAlgorithm(algorithm)
  const key: RsaPublicNumbers | undefined =
    type === KeyType.rsaPair ? readRsaPrivateKey(data) : readRsaPublicKey(data)
  if (scheme?.hash.kind !== 'named' || key === undefined) return failed(PsaStatus.notSupported)
  if (hash.length !== scheme.hash.length || !hasRoomFor(hash, bits)) {
    return failed(PsaStatus.invalidArgument)
  }
  const padded = rsaPublicPower(key, signature)
  if (padded === undefined) return failed(PsaStatus.invalidSignature)
  const padding = { hash: scheme.hash.name, modulusBits: bits }
  if (scheme.family === 'rsa-pkcs1') return verdict(equalOctets(padded, padPkcs1(hash, padding)))
  if (scheme.family === 'rsa-pss') return verdict(isPssOf(hash, { ...padding, padded }))
  return failed(PsaStatus.invalidArgument)
}

function verdict(isGood: boolean): PsaResult<true> {
  return isGood ? succeeded(true) : failed(PsaStatus.invalidSignature)
}

function kept(data: Uint8Array, bits: number): PsaResult<NewKeyData> {
  return succeeded({ data: Uint8Array.from(data), bits })
}
