import type { Random } from '@keyline/bytes'
import { signatureAlgorithm } from '../key/algorithm.ts'
import { padPkcs1, padPss } from '../primitive/rsa-padding.ts'
import { failed, succeeded, type PsaResult } from '../status/result.ts'
import { PsaStatus } from '../status/status.ts'
import type { SignHashInput } from './driver.ts'

/** The number that an RSA signature is made of, as long as the modulus: the software's part of decision D5. */
export function padForSignature(
  { algorithm, hash }: SignHashInput,
  { modulusBits, random }: { readonly modulusBits: number; readonly random: Random },
): PsaResult<Uint8Array> {
  const signature = signatureAlgorithm(algorithm)
  if (signature?.hash.kind !== 'named') return failed(PsaStatus.notSupported)
  if (hash.length !== signature.hash.length) return failed(PsaStatus.invalidArgument)
  if (!hasRoomFor(hash, modulusBits)) return failed(PsaStatus.invalidArgument)
  const padding = { hash: signature.hash.name, modulusBits }
  if (signature.family === 'rsa-pkcs1') return succeeded(padPkcs1(hash, padding))
  if (signature.family === 'rsa-pss') return succeeded(padPss(hash, { ...padding, random }))
  return failed(PsaStatus.invalidArgument)
}

/** Room for hash, salt and their frame: PSS needs the most. */
export function hasRoomFor(hash: Uint8Array, modulusBits: number): boolean {
  return modulusBits >= 8 * (2 * hash.length + 2)
}
