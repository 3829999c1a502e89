import { isKeylineError } from '@keyline/bytes'
import { marksOf, type VerdictRecord, type WorkOrder } from '@keyline/ledger/records'
import { StationError } from '../errors.ts'
import { decodeRegion } from '../flow/device-check-steps.ts'
import { onboardingOf } from '../unit/onboarding-of.ts'

/** What stands on the label of a unit. It holds the passcode: a secret until the sale. */
export interface LabelContent {
  /** `MT:…` */
  readonly qr: string
  /** 11 or 21 digits. */
  readonly manual: string
  readonly serialNumber: string
  readonly productName: string
  readonly vendorName: string
}

export interface ReadBackLabel {
  /** Factory data as they were read back from the board. */
  readonly readBack: Uint8Array
  readonly order: Pick<WorkOrder, 'commissioning' | 'product'>
  /** Of the unit, where the device does not store it. */
  readonly passcode: number
}

/**
 * The label of a board, from what stands on it, never from what was sent. Source: line, section 3.
 * @throws StationError `STATION_LABEL` when the read-back does not hold what a label needs
 */
export function labelOfReadBack({ readBack, order, passcode }: ReadBackLabel): LabelContent {
  const data = decodeRegion(readBack)?.data
  const { vendorId, productId, discriminator, serialNumber } = data ?? {}
  if (
    vendorId === undefined ||
    productId === undefined ||
    discriminator === undefined ||
    serialNumber === undefined
  ) {
    throw new StationError('STATION_LABEL', 'the read-back misses a field of the label')
  }
  const fields = { vendorId, productId, discriminator, passcode: data?.passcode ?? passcode }
  return {
    ...codesOf(() => onboardingOf({ order, ...fields })),
    serialNumber,
    productName: data?.productName ?? order.product.productName,
    vendorName: data?.vendorName ?? order.product.vendorName,
  }
}

function codesOf(compute: () => { qr: string; manual: string }): { qr: string; manual: string } {
  try {
    return compute()
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new StationError('STATION_LABEL', 'the read-back gives no onboarding code', { cause })
  }
}

/**
 * Why a unit gets no label; nothing where it may have one: its verdict is PASS and its key is proven.
 * Source: provisioning-station section 10.
 */
export function labelRefusal(verdict: VerdictRecord | undefined): string | undefined {
  if (verdict === undefined) return 'the unit has no verdict'
  if (verdict.verdict !== 'PASS') return `its verdict is ${verdict.verdict} ${verdict.reason}`
  const isProven = verdict.evidence.some(({ kind, ok }) => kind === 'payload' && ok)
  if (!isProven) return 'its onboarding code was not recomputed from the read-back'
  const marks = marksOf(verdict)
  return marks.length === 0 ? undefined : `it is marked ${marks.join(', ')}`
}
