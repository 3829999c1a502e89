import { MatterError } from '../errors.ts'
import { isForbiddenPasscode, passcodeRange } from '../factory-data/passcode.ts'
import type { FactoryDataRule } from '../factory-data/rules.ts'
import type { PayloadRule } from './payload-rules.ts'

/** 3 is reserved. */
export const CommissioningFlow = { standard: 0, userIntent: 1, custom: 2 } as const

/** Bits of the discovery capabilities; bits 6 and 7 are reserved. */
export const DiscoveryCapability = {
  softAccessPoint: 0x01,
  ble: 0x02,
  onNetwork: 0x04,
  wifiPublicActionFrame: 0x08,
  nfc: 0x10,
  thread: 0x20,
} as const

/** What a commissioner learns from a label (matter-factory-data 8.1). */
export interface OnboardingPayload {
  /** 0 unless given. */
  readonly version?: number | undefined
  readonly vendorId: number
  readonly productId: number
  /** Commissioning flow, 0 standard, 1 user intent, 2 custom. */
  readonly flow: number
  /** Bits of `DiscoveryCapability`. */
  readonly discovery: number
  /** 12 bits. */
  readonly discriminator: number
  readonly passcode: number
}

/** Widths in bits, in the order of the packed form; each field with its least bit first. */
export const payloadFields = [
  ['version', 3],
  ['vendorId', 16],
  ['productId', 16],
  ['flow', 2],
  ['discovery', 8],
  ['discriminator', 12],
  ['passcode', 27],
] as const satisfies readonly (readonly [keyof OnboardingPayload, number])[]

/** Bits behind the fields; zero. */
export const paddingBits = 4
/** Octets of the packed fields. */
export const packedLength = 11

/** What forbids a payload on a label; empty when nothing does. The passcode itself is never shown. */
export function payloadProblems(payload: OnboardingPayload): readonly string[] {
  return payloadDemands
    .filter(({ isKept }) => !isKept(payload))
    .map(({ message }) => message(payload))
}

/** @throws MatterError `ONBOARDING_VALUE` with all problems */
export function requireValid(payload: OnboardingPayload): void {
  const problems = payloadProblems(payload)
  if (problems.length > 0) throw new MatterError('ONBOARDING_VALUE', problems.join('; '))
}

/** Ids of test tools: both are 0. */
export function isAnonymous({ vendorId, productId }: OnboardingPayload): boolean {
  return vendorId === 0 && productId === 0
}

/** What one value of a label must satisfy. */
export interface PayloadDemand {
  readonly rule: PayloadRule | FactoryDataRule
  readonly field: keyof OnboardingPayload
  readonly isKept: (payload: OnboardingPayload) => boolean
  readonly message: (payload: OnboardingPayload) => string
}

/** Values that a label needs (matter-factory-data 8.1, 8.5), in the order of the packed fields. */
export const payloadDemands: readonly PayloadDemand[] = [
  {
    rule: 'PAY-01',
    field: 'version',
    isKept: ({ version = 0 }) => version === 0,
    message: ({ version }) => `version is ${version}, not 0`,
  },
  {
    rule: 'FD-010',
    field: 'vendorId',
    isKept: (payload) => isAnonymous(payload) || isWhole(payload.vendorId, 1, 0xfff4),
    message: ({ vendorId }) => `vendor id ${vendorId} is not in 1 to 65524`,
  },
  {
    rule: 'FD-012',
    field: 'productId',
    isKept: (payload) => isAnonymous(payload) || isWhole(payload.productId, 1, 0xffff),
    message: ({ productId }) => `product id ${productId} is not in 1 to 65535`,
  },
  {
    rule: 'PAY-02',
    field: 'flow',
    isKept: ({ flow }) => isWhole(flow, 0, 2),
    message: ({ flow }) => `commissioning flow ${flow} is not 0, 1 or 2`,
  },
  {
    rule: 'PAY-03',
    field: 'discovery',
    isKept: ({ discovery }) => isWhole(discovery, 0, 0x3f),
    message: ({ discovery }) => `discovery ${discovery} has reserved bits`,
  },
  {
    rule: 'FD-013',
    field: 'discriminator',
    isKept: ({ discriminator }) => isWhole(discriminator, 0, 0xfff),
    message: ({ discriminator }) => `discriminator ${discriminator} is not in 0 to 4095`,
  },
  {
    rule: 'FD-014',
    field: 'passcode',
    isKept: ({ passcode }) => isWhole(passcode, passcodeRange.min, passcodeRange.max),
    message: () => `the passcode is not in ${passcodeRange.min} to ${passcodeRange.max}`,
  },
  {
    rule: 'FD-015',
    field: 'passcode',
    // 0 and 99999999 are forbidden as well, but they are out of range already.
    isKept: ({ passcode }) =>
      !isWhole(passcode, passcodeRange.min, passcodeRange.max) || !isForbiddenPasscode(passcode),
    message: () => 'the passcode is one of the forbidden ones',
  },
]

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}
