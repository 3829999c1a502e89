import type { WorkOrder } from '@keyline/ledger/records'
import { encodeManualCode, encodeQrPayload } from '@keyline/matter'

export interface OnboardingInput {
  readonly order: Pick<WorkOrder, 'commissioning'>
  readonly vendorId: number
  readonly productId: number
  readonly discriminator: number
  readonly passcode: number
}

/** What is printed on the label of a unit. It holds the passcode: a secret until the sale. */
export interface OnboardingCodes {
  /** `MT:…` */
  readonly qr: string
  /** 11 or 21 digits. */
  readonly manual: string
}

const discoveryBits = { softap: 1, ble: 2, ip: 4, nfc: 16, thread: 32 } as const

/** QR text and manual pairing code. Source: matter-factory-data section 8. */
export function onboardingOf(input: OnboardingInput): OnboardingCodes {
  const { flow, discovery } = input.order.commissioning
  const { vendorId, productId, discriminator, passcode } = input
  const bits = discovery.reduce((sum, name) => sum | discoveryBits[name], 0)
  const fields = { vendorId, productId, flow, discovery: bits, discriminator, passcode }
  return { qr: encodeQrPayload(fields), manual: encodeManualCode(fields) }
}
