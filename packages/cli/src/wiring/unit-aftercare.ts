import { systemClock, systemRandom } from '@keyline/bytes'
import type { Ledger, ScrapRecord, UnitReport } from '@keyline/ledger'
import type {
  AnyOrder,
  ReworkReason,
  ScrapReason,
  UnitSecrets,
  WorkOrder,
} from '@keyline/ledger/records'
import { drawSecrets, onboardingOf } from '@keyline/station'
import { CliError } from '../errors.ts'

/** A unit with the order it was made under. */
export interface FoundUnit {
  readonly report: UnitReport
  readonly order: AnyOrder
}

/** @throws CliError `CLI_UNKNOWN_UNIT` */
export async function findUnit(ledger: Ledger, name: string): Promise<FoundUnit> {
  const report = await ledger.unit(name)
  const order = report && (await ledger.workOrder(report.unit.orderId))
  if (report !== undefined && order !== undefined) return { report, order }
  throw new CliError('CLI_UNKNOWN_UNIT', `there is no unit ${JSON.stringify(name)}`)
}

export interface ReworkOptions {
  readonly reason: ReworkReason
  readonly note?: string | undefined
  readonly onNewBoard: boolean
  /** Keeps passcode and discriminator, for a label that nobody has seen. */
  readonly keepsCode: boolean
  /** What the old label said when it was destroyed: its QR code or its digits. */
  readonly oldLabel?: string | undefined
  readonly maxAttempts?: number | undefined
}

/**
 * Opens a unit to be made again. A label that was printed may have been photographed, so that the unit gets a new
 * passcode, and policy `production` asks for the old label first.
 * @throws CliError `CLI_OLD_LABEL`; LedgerError
 */
export async function reworkUnit(
  ledger: Ledger,
  { report, order }: FoundUnit,
  options: ReworkOptions,
): Promise<UnitReport> {
  const { oldLabel, keepsCode, note, ...ticket } = options
  const unitId = report.unit.id
  const mustScan =
    order.platform !== 'u3' &&
    order.policy === 'production' &&
    !keepsCode &&
    report.verdict?.verdict === 'PASS'
  if (mustScan && oldLabel === undefined) {
    throw new CliError('CLI_OLD_LABEL', 'policy "production" asks for the code of the old label')
  }
  if (oldLabel !== undefined) requireLabel(oldLabel, order, await ledger.reveal(unitId))
  const notes = [note, oldLabel === undefined ? undefined : 'old label destroyed']
  const said = notes.filter((text) => text !== undefined).join('; ')
  await ledger.aftercare.rework({
    ...ticket,
    unitId,
    ...(said === '' ? {} : { note: said }),
    ...(keepsCode || order.platform === 'u3' ? {} : { draw: () => drawnFor(order) }),
  })
  return (await findUnit(ledger, unitId)).report
}

function drawnFor({ commissioning }: Pick<WorkOrder, 'commissioning'>): Promise<UnitSecrets> {
  const { iterations } = commissioning
  return drawSecrets({ random: systemRandom, clock: systemClock, iterations })
}

/** @throws CliError `CLI_OLD_LABEL` when the scanned code is not that of the unit */
function requireLabel(scanned: string, order: AnyOrder, secrets: UnitSecrets): void {
  if (order.platform === 'u3') {
    throw new CliError('CLI_OLD_LABEL', 'a board without Matter has no code')
  }
  const { qr, manual } = onboardingOf({ order, ...order.product, ...secrets })
  const text = scanned.trim()
  if (text === qr || text.replaceAll(/[- ]/g, '') === manual) return
  throw new CliError('CLI_OLD_LABEL', 'the label that was scanned is not the label of this unit')
}

export interface ScrapOptions {
  readonly reason: ScrapReason
  readonly note?: string | undefined
  readonly returnApprovedBy?: string | undefined
}

/** Gives a unit up for ever. */
export function scrapUnit(
  ledger: Ledger,
  { report }: FoundUnit,
  options: ScrapOptions,
): Promise<ScrapRecord> {
  return ledger.aftercare.scrap({ unitId: report.unit.id, ...options })
}
