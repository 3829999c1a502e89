import type { ClaimEntry, ClaimForm, PlainClaim, SoftwareComponent } from './claim.ts'
import { lifecycleState } from './lifecycle.ts'
import { TokenProfile } from './token-profile.ts'

/** How a profile writes the claims that all of them have. */
export interface ProfileEntry {
  readonly profile: TokenProfile
  readonly profileClaim: { readonly key: number; readonly json: string }
  readonly components: number
  /** Profile 1 alone can say that nothing was measured. */
  readonly noMeasurements: number | undefined
  /** Claims in the order in which a device writes them, the components and the profile among them aside. */
  readonly claims: ReadonlyArray<ClaimEntry<PlainClaim>>
}

/** JSON names of claims with rules of their own. */
export const componentsJson = 'psa-software-components'
export const noMeasurementsJson = 'psa-no-software-measurements'

const hashLengths = new Set([32, 48, 64])
const hash = {
  type: 'octets',
  isLength: (length) => hashLengths.has(length),
  rule: 'must be 32, 48 or 64 octets',
} as const satisfies ClaimForm
const identity = {
  type: 'octets',
  isLength: (length) => length === 32,
  rule: 'must be 32 octets',
} as const satisfies ClaimForm
const instance = {
  type: 'octets',
  isLength: (length) => length === 33,
  first: 0x01,
  rule: 'must be 33 octets, the first 01',
} as const satisfies ClaimForm
const seed = {
  type: 'octets',
  isLength: (length) => length >= 8 && length <= 32,
  rule: 'must be 8 to 32 octets',
} as const satisfies ClaimForm
const lifecycle = {
  type: 'integer',
  isUnsigned: true,
  isAllowed: (value) => lifecycleState(value) !== undefined,
  rule: 'must be in one of the ranges 0000-00ff, 1000-10ff … 6000-60ff',
} as const satisfies ClaimForm
const text = { type: 'text', isAllowed: () => true, rule: 'must be a text' } as const
const hint = {
  type: 'text',
  isAllowed: (value) => value !== '',
  rule: 'must not be empty',
} as const satisfies ClaimForm
const certification = {
  type: 'text',
  isAllowed: (value) => /^\d{13}-\d{5}$/.test(value),
  rule: 'must be 13 digits, "-" and 5 digits',
} as const satisfies ClaimForm
const hardware = {
  type: 'text',
  isAllowed: (value) => /^\d{13}(-\d{5})?$/.test(value),
  rule: 'must be 13 digits, or 13 digits, "-" and 5 digits',
} as const satisfies ClaimForm

/** A caller's number, which is never 0 in the newer profiles. */
export function clientIdForm(isZeroAllowed: boolean): ClaimForm {
  return {
    type: 'integer',
    isUnsigned: false,
    isAllowed: (value) => value === (value | 0) && (value !== 0 || isZeroAllowed),
    rule: `must be -2147483648 to 2147483647${isZeroAllowed ? '' : ', but not 0'}`,
  }
}

const mandatory = (
  key: number,
  name: PlainClaim,
  json: string,
  form: ClaimForm,
): ClaimEntry<PlainClaim> => ({ key, name, json, isMandatory: true, form })

const optional = (
  key: number,
  name: PlainClaim,
  json: string,
  form: ClaimForm,
): ClaimEntry<PlainClaim> => ({ key, name, json, isMandatory: false, form })

const psa2023: ProfileEntry = {
  profile: TokenProfile.psa2023,
  profileClaim: { key: 265, json: 'eat-profile' },
  components: 2399,
  noMeasurements: undefined,
  claims: [
    mandatory(10, 'nonce', 'psa-nonce', hash),
    optional(268, 'bootSeed', 'psa-boot-seed', seed),
    mandatory(256, 'instanceId', 'psa-instance-id', instance),
    mandatory(2396, 'implementationId', 'psa-implementation-id', identity),
    mandatory(2394, 'clientId', 'psa-client-id', clientIdForm(false)),
    mandatory(2395, 'securityLifecycle', 'psa-security-lifecycle', lifecycle),
    optional(2400, 'verificationServiceIndicator', 'psa-verification-service-indicator', hint),
    optional(2398, 'certificationReference', 'psa-certification-reference', certification),
  ],
}

const psa2: ProfileEntry = {
  ...psa2023,
  profile: TokenProfile.psa2,
  claims: psa2023.claims.map((claim) =>
    claim.name === 'bootSeed' ? { ...claim, key: 2397 } : claim,
  ),
}

const psa1: ProfileEntry = {
  profile: TokenProfile.psa1,
  profileClaim: { key: -75000, json: 'psa-profile' },
  components: -75006,
  noMeasurements: -75007,
  claims: [
    mandatory(-75008, 'nonce', 'psa-nonce', hash),
    mandatory(-75004, 'bootSeed', 'psa-boot-seed', identity),
    mandatory(-75009, 'instanceId', 'psa-instance-id', instance),
    mandatory(-75003, 'implementationId', 'psa-implementation-id', identity),
    mandatory(-75001, 'clientId', 'psa-client-id', clientIdForm(true)),
    mandatory(-75002, 'securityLifecycle', 'psa-security-lifecycle', lifecycle),
    optional(-75010, 'verificationServiceIndicator', 'psa-verification-service-indicator', hint),
    optional(-75005, 'hardwareVersion', 'psa-hwver', hardware),
  ],
}

/** Every profile that is read and written. */
export const tokenProfiles: Readonly<Record<TokenProfile, ProfileEntry>> = {
  [TokenProfile.psa2023]: psa2023,
  [TokenProfile.psa1]: psa1,
  [TokenProfile.psa2]: psa2,
}

/** Claims of a software component, the same in every profile. */
export const componentClaims: ReadonlyArray<ClaimEntry<keyof SoftwareComponent>> = [
  { key: 1, name: 'measurementType', json: 'measurement-type', isMandatory: false, form: text },
  { key: 2, name: 'measurementValue', json: 'measurement-value', isMandatory: true, form: hash },
  { key: 4, name: 'version', json: 'version', isMandatory: false, form: text },
  { key: 5, name: 'signerId', json: 'signer-id', isMandatory: true, form: hash },
  {
    key: 6,
    name: 'measurementDescription',
    json: 'measurement-description',
    isMandatory: false,
    form: text,
  },
]

export function isTokenProfile(text: string): text is TokenProfile {
  return Object.hasOwn(tokenProfiles, text)
}
