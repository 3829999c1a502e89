import type { KeyAttributes } from '../key/attributes.ts'
import type { PsaCrypto } from '../service/psa-crypto.ts'
import { failed, succeeded, type PsaOutput, type PsaResult } from '../status/result.ts'
import { PsaStatus } from '../status/status.ts'
import { rebuildCertificate, CertificateStatus } from '../certificate/rebuild.ts'
import type { CertificateKindName } from '../certificate/system-flash.ts'
import type { TokenAlgorithm } from './signer.ts'
import type { TokenTemplate } from './token-template.ts'

/** The key that tokens are signed with, and what it is imported from when it is not in the store yet. */
export interface AttestationKey {
  readonly attributes: KeyAttributes
  /** Container of RSSe-KW, or clear key; nothing for a key that is in the store already. */
  readonly data?: Uint8Array | undefined
}

/** Certificate parts of the key in system flash. */
export interface CertificateSource {
  readonly pack: Uint8Array
  readonly kind: CertificateKindName
}

/** Step 1: the wrapped key goes into the key store, at the location of its driver. */
export function importKey(
  crypto: PsaCrypto,
  { attributes, data }: AttestationKey,
): PsaResult<number> {
  const present = crypto.attributes(attributes.id)
  if (present.status === PsaStatus.success) return succeeded(attributes.id)
  if (present.status !== PsaStatus.invalidHandle || data === undefined)
    return failed(present.status)
  return crypto.importKey({ attributes, data })
}

/** Step 2: the hash of what will be signed, the Sig_structure over claims and nonce; a MAC takes it whole. */
export function hashToken(
  crypto: PsaCrypto,
  input: {
    readonly template: TokenTemplate
    readonly nonce: Uint8Array
    readonly algorithm: TokenAlgorithm
  },
): PsaResult<Uint8Array> {
  const message = input.template.toBeAuthenticated(input.nonce)
  const { hash, length } = input.algorithm
  if (hash === undefined) return succeeded(message)
  return resultOf(crypto.hashCompute({ algorithm: hash, input: message, size: length }))
}

/** Step 3: the signature over the hash, with the key where it is. */
export function signToken(
  crypto: PsaCrypto,
  input: {
    readonly key: number
    readonly hash: Uint8Array
    readonly algorithm: TokenAlgorithm
  },
): PsaResult<Uint8Array> {
  const { key, hash } = input
  const { psa, length, cose } = input.algorithm
  const use = { key, algorithm: psa, size: length }
  return resultOf(
    cose.kind === 'mac0'
      ? crypto.macCompute({ ...use, input: hash })
      : crypto.signHash({ ...use, hash }),
  )
}

/** Step 4: claims and signature in one envelope, the Entity Attestation Token. */
export function assembleToken(input: {
  readonly template: TokenTemplate
  readonly nonce: Uint8Array
  readonly signature: Uint8Array
}): Uint8Array<ArrayBuffer> {
  return input.template.token(input.nonce, input.signature)
}

/** Step 5: the certificate of the key, rebuilt from system flash; nothing when the chip has none. */
export function retrieveCertificate({
  pack,
  kind,
}: CertificateSource): Uint8Array<ArrayBuffer> | undefined {
  const rebuilt = rebuildCertificate(pack, kind)
  return rebuilt.status === CertificateStatus.ok ? rebuilt.certificate : undefined
}

function resultOf({ status, buffer, length }: PsaOutput): PsaResult<Uint8Array> {
  return status === PsaStatus.success ? succeeded(buffer.subarray(0, length)) : failed(status)
}
