import { join } from 'node:path'
import type { Ledger, UnitReport } from '@keyline/ledger'
import type { WorkOrder } from '@keyline/ledger/records'
import {
  isForDevices,
  labelOfReadBack,
  labelRefusal,
  onboardingOf,
  writeLabelFiles,
  writeLabelSheet,
  type LabelContent,
  type LabelFormat,
  type UnitWork,
} from '@keyline/station'
import { CliError } from '../errors.ts'

export interface LabelFolder {
  readonly folder: string
  readonly formats: readonly LabelFormat[]
}

/**
 * Writes the label of a unit that has just passed, from its read-back.
 * @returns why there is none
 */
export async function labelOfRun(
  ledger: Ledger,
  { unitId, reserved, readBack, prepared, parts }: UnitWork,
  to: LabelFolder,
): Promise<string | undefined> {
  if (isForDevices(prepared)) return 'a board without Matter has no code'
  const { order } = prepared
  const report = await ledger.unit(unitId)
  const refusal = labelRefusal(report?.verdict)
  if (refusal !== undefined) return refusal
  // A unit that was resumed behind its read-back has another one in its evidence.
  if (readBack === undefined) return 'its factory data were not read back in this run'
  const { passcode } = reserved.secrets
  const content = labelOfReadBack({ readBack, order, passcode })
  await ledger.aftercare.notePrinted({ unitId, isReprint: false, isForced: false })
  await writeLabelFiles(content, { ...to, time: parts.clock.now() })
  return undefined
}

export interface ReprintOptions extends LabelFolder {
  /** Prints what is refused otherwise, and says why in the audit log. */
  readonly force?: string | undefined
  /** Who allows the reprint; policy `production` asks for it. */
  readonly approvedBy?: string | undefined
  /** Also writes all labels into one document of this name. */
  readonly sheet?: string | undefined
  readonly time: number
}

export interface Reprinted {
  readonly labels: readonly { readonly serialNumber: string; readonly files: readonly string[] }[]
  readonly skipped: readonly { readonly serialNumber: string; readonly why: string }[]
}

/**
 * Prints labels again, for a unit or for every unit of an order. The code is that of the ledger, which the evidence of a
 * PASS has found equal to the read-back.
 * @throws CliError `CLI_UNKNOWN_UNIT`, `CLI_NO_LABEL`; StationError; LedgerError
 */
export async function reprintLabels(
  ledger: Ledger,
  name: string,
  options: ReprintOptions,
): Promise<Reprinted> {
  const { order, reports } = await unitsNamed(ledger, name)
  if (order.policy === 'production' && options.approvedBy === undefined) {
    throw new CliError('CLI_NO_LABEL', 'policy "production" asks who approves the reprint', {
      remedy: 'name the line lead with --approved-by',
    })
  }
  const labels: Reprinted['labels'][number][] = []
  const skipped: Reprinted['skipped'][number][] = []
  const contents: LabelContent[] = []
  for (const report of reports) {
    const { serialNumber } = report.unit
    const why = refusalOf(report, options.force)
    if (why !== undefined) {
      skipped.push({ serialNumber, why })
      continue
    }
    const content = await contentOf(ledger, report, order, options)
    contents.push(content)
    labels.push({ serialNumber, files: await writeLabelFiles(content, options) })
  }
  if (contents.length === 0) {
    const [first] = skipped
    const why = first === undefined ? 'it has no unit' : `${first.serialNumber}: ${first.why}`
    throw new CliError('CLI_NO_LABEL', `no label for ${JSON.stringify(name)}: ${why}`)
  }
  if (options.sheet !== undefined) {
    const path = join(options.folder, options.sheet)
    await writeLabelSheet(contents, { path, title: name, time: options.time })
  }
  return { labels, skipped }
}

/** A scrapped unit has no code to print, whoever asks. */
function refusalOf({ scrap, verdict }: UnitReport, force: string | undefined): string | undefined {
  if (scrap !== undefined) return 'it is scrapped'
  return force === undefined ? labelRefusal(verdict) : undefined
}

async function contentOf(
  ledger: Ledger,
  { unit, verdict }: UnitReport,
  order: WorkOrder,
  { force, approvedBy }: ReprintOptions,
): Promise<LabelContent> {
  const secrets = await ledger.reveal(unit.id)
  const isForced = labelRefusal(verdict) !== undefined
  const unitId = unit.id
  await ledger.aftercare.notePrinted({
    unitId,
    isReprint: true,
    isForced,
    reason: force,
    approvedBy,
  })
  const { product } = order
  return {
    ...onboardingOf({ order, ...product, ...secrets }),
    serialNumber: unit.serialNumber,
    productName: product.productName,
    vendorName: product.vendorName,
  }
}

async function unitsNamed(
  ledger: Ledger,
  name: string,
): Promise<{ readonly order: WorkOrder; readonly reports: readonly UnitReport[] }> {
  const report = await ledger.unit(name)
  const order = await ledger.workOrder(report?.unit.orderId ?? name)
  if (order === undefined) {
    throw new CliError('CLI_UNKNOWN_UNIT', `there is no unit or order ${JSON.stringify(name)}`)
  }
  if (order.platform === 'u3') {
    throw new CliError(
      'CLI_NO_LABEL',
      `the boards of order ${order.id} have no Matter, and no code`,
    )
  }
  return { order, reports: report === undefined ? await ledger.unitsOf(name) : [report] }
}
