import { MatterError } from '../errors.ts'
import { CommissioningFlow, type OnboardingPayload } from './payload.ts'
import { isVerhoeffValid, verhoeffDigit } from './verhoeff.ts'

/** What a manual pairing code says. */
export interface ManualCode {
  /** The four upper bits of the discriminator. */
  readonly shortDiscriminator: number
  readonly passcode: number
  /** Given in the long form. */
  readonly vendorId?: number | undefined
  readonly productId?: number | undefined
}

/** Digits of the short and the long form, the check digit included. */
const shortLength = 11
const longLength = 21

/**
 * The digits of the manual pairing code (matter-factory-data 8.3): 11, or 21 when the flow is not standard.
 * Values are not judged; `encodeQrPayload` does that for the label.
 */
export function encodeManualCode(
  payload: OnboardingPayload,
  form: 'by-flow' | 'short' | 'long' = 'by-flow',
): string {
  const { discriminator, passcode, vendorId, productId, flow } = payload
  const isLong = form === 'long' || (form === 'by-flow' && flow !== CommissioningFlow.standard)
  const short = discriminator >> 8
  const digits = [
    decimal((isLong ? 4 : 0) | (short >> 2), 1),
    decimal(((short & 3) << 14) | (passcode & 0x3fff), 5),
    decimal(passcode >> 14, 4),
    isLong ? decimal(vendorId, 5) + decimal(productId, 5) : '',
  ].join('')
  return digits + verhoeffDigit(digits)
}

/**
 * Reads a code; blanks and `-` are dropped. Values are returned as they are, except a passcode of 0.
 * @throws MatterError `ONBOARDING_MANUAL`
 */
export function decodeManualCode(text: string): ManualCode {
  const digits = text.replace(/[- ]/g, '')
  if (digits.length < 2) throw broken(`the code has ${digits.length} digits`)
  if (!/^\d+$/.test(digits) || !isVerhoeffValid(digits)) throw broken('the check digit is wrong')
  const first = Number(digits.charAt(0))
  if (first > 7) throw broken(`the first digit is ${first}, above 7`)
  const isLong = (first & 4) !== 0
  const length = isLong ? longLength : shortLength
  if (digits.length !== length) throw broken(`the code has ${digits.length} digits, not ${length}`)
  const low = number(digits, 1, 5)
  const passcode = number(digits, 6, 4) * 0x4000 + (low & 0x3fff)
  if (low > 0xffff || passcode >= 2 ** 27) throw broken('a group is larger than its field')
  if (passcode === 0) throw broken('the passcode is 0')
  const shortDiscriminator = ((first & 3) << 2) | (low >> 14)
  if (!isLong) return { shortDiscriminator, passcode }
  const vendorId = number(digits, 10, 5)
  const productId = number(digits, 15, 5)
  if (vendorId > 0xffff || productId > 0xffff) throw broken('vendor or product id is above 65535')
  return { shortDiscriminator, passcode, vendorId, productId }
}

/** Groups for people: 4-3-4, in the long form 4-3-4-5-5. */
export function formatManualCode(digits: string): string {
  const parts = [digits.slice(0, 4), digits.slice(4, 7), digits.slice(7, 11)]
  if (digits.length > shortLength) parts.push(digits.slice(11, 16), digits.slice(16))
  return parts.join('-')
}

function decimal(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

function number(digits: string, start: number, width: number): number {
  return Number(digits.slice(start, start + width))
}

function broken(reason: string): MatterError {
  return new MatterError('ONBOARDING_MANUAL', `manual pairing code: ${reason}`)
}
