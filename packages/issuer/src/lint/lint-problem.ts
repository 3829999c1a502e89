import type { P256PublicKey } from '@keyline/crypto'
import type { Certificate } from '@keyline/x509'
import type { LintProfile } from './lint-profile.ts'
import type { SubjectIds } from './subject-ids.ts'

/** Who signed a certificate, read once. */
export interface LintIssuer {
  readonly certificate: Certificate
  readonly ids: SubjectIds
  readonly key: P256PublicKey
  /** Subject key identifier; undefined when there is not exactly one that can be read. */
  readonly keyId: Uint8Array | undefined
}

/** What a certificate was ordered to be; what is left out is not asked. */
export interface LintOrder {
  /** 65-octet point of the request. */
  readonly publicKey?: Uint8Array | undefined
  /** Of the work order. */
  readonly vendorId?: number | undefined
  readonly productId?: number | undefined
}

/** A certificate with all that it is judged by. */
export interface LintedCertificate {
  readonly certificate: Certificate
  readonly ids: SubjectIds
  readonly profile: LintProfile
  /** Without one, what concerns the issuer is not asked. */
  readonly issuer: LintIssuer | undefined
  /** Of a DAC alone: the PAA above its PAI. */
  readonly root?: Certificate | undefined
  readonly ordered: LintOrder
}

export interface LintProblem {
  readonly field: string
  readonly value: string
  readonly message: string
}

export type LintCheck = (linted: LintedCertificate) => LintProblem | undefined

/** Value and message are made for a problem alone: nearly every certificate has none. */
export function unless(
  holds: boolean,
  field: string,
  value: () => string,
  message: () => string,
): LintProblem | undefined {
  return holds ? undefined : { field, value: value(), message: message() }
}
