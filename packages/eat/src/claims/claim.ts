import type { TokenProfile } from './token-profile.ts'

/** Measurement of one piece of software (attestation 8.5). */
export interface SoftwareComponent {
  /** What it is: `BL`, `PRoT`, `App`, … */
  readonly measurementType?: string | undefined
  /** 32, 48 or 64 octets. */
  readonly measurementValue: Uint8Array
  readonly version?: string | undefined
  /** Hash of the public key of who signed it: 32, 48 or 64 octets. */
  readonly signerId: Uint8Array
  /** Name of the hash function: `sha-256`. */
  readonly measurementDescription?: string | undefined
}

/** The claims of a token, whatever its profile. */
export interface TokenClaims {
  readonly profile: TokenProfile
  /** The token has no profile claim, as profile 1 allows. */
  readonly isProfileImplied?: boolean | undefined
  /** Challenge of the verifier: 32, 48 or 64 octets. */
  readonly nonce: Uint8Array
  /** 33 octets, the first 0x01. */
  readonly instanceId: Uint8Array
  /** 32 octets. */
  readonly implementationId: Uint8Array
  /** Negative for a caller on the non-secure side, positive on the secure side. */
  readonly clientId: number
  readonly securityLifecycle: number
  /** At least one; none only with `noSoftwareMeasurements`. */
  readonly softwareComponents: readonly SoftwareComponent[]
  /** Profile 1 alone: 1 says that nothing was measured. */
  readonly noSoftwareMeasurements?: 1 | undefined
  /** Random of each boot: 8 to 32 octets. */
  readonly bootSeed?: Uint8Array | undefined
  /** Profile 1 alone. */
  readonly hardwareVersion?: string | undefined
  /** 13 digits, `-`, 5 digits. */
  readonly certificationReference?: string | undefined
  /** Where the token can be verified. */
  readonly verificationServiceIndicator?: string | undefined
}

/** What a claim may hold. */
export type ClaimForm =
  | {
      readonly type: 'octets'
      readonly isLength: (length: number) => boolean
      readonly first?: number
      readonly rule: string
    }
  | { readonly type: 'text'; readonly isAllowed: (text: string) => boolean; readonly rule: string }
  | {
      readonly type: 'integer'
      readonly isUnsigned: boolean
      readonly isAllowed: (value: number) => boolean
      readonly rule: string
    }

/** A claim as its profile declares it. */
export interface ClaimEntry<Name extends string> {
  /** In CBOR. */
  readonly key: number
  /** In {@link TokenClaims} or {@link SoftwareComponent}. */
  readonly name: Name
  /** In JSON, and in findings. */
  readonly json: string
  readonly isMandatory: boolean
  readonly form: ClaimForm
}

/** Claims of one value each; profile and software components have rules of their own. */
export type PlainClaim = Exclude<
  keyof TokenClaims,
  'profile' | 'isProfileImplied' | 'softwareComponents' | 'noSoftwareMeasurements'
>
