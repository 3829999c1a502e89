import { isPasscode } from '../factory-data/passcode.ts'
import { MatterError } from '../errors.ts'

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
  const { version = 0, vendorId, productId, flow, discovery, discriminator, passcode } = payload
  const problems: string[] = []
  const demand = (isKept: boolean, problem: string): void => {
    if (!isKept) problems.push(problem)
  }
  const isAnonymous = vendorId === 0 && productId === 0
  demand(version === 0, `version is ${version}, not 0`)
  demand(isWhole(vendorId, 0, 0xfff4), `vendor id ${vendorId} is not in 1 to 65524`)
  demand(isAnonymous || vendorId !== 0, 'vendor id 0 goes with product id 0 only')
  demand(isWhole(productId, 0, 0xffff), `product id ${productId} is not in 1 to 65535`)
  demand(isAnonymous || productId !== 0, 'product id 0 goes with vendor id 0 only')
  demand(isWhole(flow, 0, 2), `commissioning flow ${flow} is not 0, 1 or 2`)
  demand(isWhole(discovery, 0, 0x3f), `discovery ${discovery} has reserved bits`)
  demand(isWhole(discriminator, 0, 0xfff), `discriminator ${discriminator} is not in 0 to 4095`)
  demand(isPasscode(passcode), 'the passcode is out of range or forbidden')
  return problems
}

/** @throws MatterError `ONBOARDING_VALUE` with all problems */
export function requireValid(payload: OnboardingPayload): void {
  const problems = payloadProblems(payload)
  if (problems.length > 0) throw new MatterError('ONBOARDING_VALUE', problems.join('; '))
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}
