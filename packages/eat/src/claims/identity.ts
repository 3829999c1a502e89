import { concat, encodeUtf8, equalOctets, type Secret } from '@keyline/bytes'
import { sha256, type CurvePublicKey } from '@keyline/crypto'
import { encodeCoseKey } from '../cose/key.ts'

/** First octet of an instance id: a random or derived identity (RFC 9711 section 4.2.1). */
const randomType = Uint8Array.of(0x01)
const uncompressed = Uint8Array.of(0x04)

/**
 * Forms of a public key whose SHA-256 devices are known to use as their instance id: the COSE_Key of TF-M, which
 * ours takes (D28), the point of TF-M 1.6, and the SubjectPublicKeyInfo of ST's sample.
 */
export const instanceIdForms = {
  'sha256(COSE_Key)': encodeCoseKey,
  'sha256(0x04||X||Y)': ({ octets }: CurvePublicKey) => concat(uncompressed, octets),
  'sha256(SubjectPublicKeyInfo)': subjectPublicKeyInfo,
} as const
export type InstanceIdForm = keyof typeof instanceIdForms

/** Instance id of a key pair, 33 octets. */
export function instanceIdOf(
  publicKey: CurvePublicKey,
  form: InstanceIdForm = 'sha256(COSE_Key)',
): Uint8Array<ArrayBuffer> {
  return concat(randomType, sha256(instanceIdForms[form](publicKey)))
}

/** Instance id of a symmetric key: its hash, hashed once more. */
export function symmetricInstanceId(secret: Secret): Uint8Array<ArrayBuffer> {
  return concat(randomType, sha256(sha256(secret.reveal())))
}

/** The forms by which an instance id belongs to a public key; none when it does not. */
export function instanceIdMatches(
  instanceId: Uint8Array,
  publicKey: CurvePublicKey,
): readonly InstanceIdForm[] {
  const forms = Object.keys(instanceIdForms).filter(isForm)
  return forms.filter((form) => equalOctets(instanceIdOf(publicKey, form), instanceId))
}

/** The `kid` that goes with an instance id: its hash part, 32 octets. */
export function keyIdOf(instanceId: Uint8Array): Uint8Array {
  return instanceId.subarray(1)
}

/** Implementation id of a simulated chip (D27), 32 octets. */
export function simulatedImplementationId(chip: {
  /** `U385` of an STM32U385. */
  readonly partName: string
  readonly bootRomVersion: string
}): Uint8Array<ArrayBuffer> {
  return sha256(encodeUtf8(`STM32${chip.partName}${chip.bootRomVersion}`))
}

function isForm(name: string): name is InstanceIdForm {
  return Object.hasOwn(instanceIdForms, name)
}

function subjectPublicKeyInfo({ handle }: CurvePublicKey): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(handle.export({ format: 'der', type: 'spki' }))
}
