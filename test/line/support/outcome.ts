import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { UnitReport } from '@keyline/ledger'
import { JournalRecord, type Verdict } from '@keyline/ledger/records'
import { homeOf, openTestStation, type LineRun } from '../../support/line.ts'

/** How one board of a run ended. */
export interface Decision {
  readonly slot: number
  readonly unit: string
  readonly serialNumber: string
  readonly verdict: Verdict
  readonly reason: string
  /** Time on the clock of the line. */
  readonly ms: number
}

/** The decisions of a run, by slot and then in their order. */
export function decisionsOf(run: Pick<LineRun, 'events'>): readonly Decision[] {
  return run.events
    .flatMap((event) =>
      event.type === 'unit-decided'
        ? [
            {
              slot: event.slot,
              unit: event.unit.id,
              serialNumber: event.unit.serialNumber,
              verdict: event.record.verdict,
              reason: event.record.reason,
              ms: event.ms,
            },
          ]
        : [],
    )
    .toSorted((a, b) => a.slot - b.slot)
}

/** The one decision of a run with one board. */
export function decisionOf(run: Pick<LineRun, 'events'>): Decision {
  const [decision, ...more] = decisionsOf(run)
  if (decision === undefined || more.length > 0) {
    throw new Error(`${more.length + (decision === undefined ? 0 : 1)} boards were decided, not 1`)
  }
  return decision
}

/** What the ledger has of every unit of the order. */
export async function unitsIn(
  folder: string,
  options: { readonly order?: string; readonly ledger?: string | undefined } = {},
): Promise<readonly UnitReport[]> {
  const station = await openTestStation(folder, options.ledger)
  try {
    return await station.ledger.unitsOf(options.order ?? 'order-1')
  } finally {
    await station.close()
  }
}

export function liveCertificates(report: UnitReport): number {
  return report.certificates.filter(({ state }) => state === 'live').length
}

/** The records of the station's journal, in their order. */
export function journalOf(folder: string): readonly JournalRecord[] {
  const text = readFileSync(join(homeOf(folder), 'journal', 'journal.jsonl'), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JournalRecord.parse(JSON.parse(line)))
}

/**
 * Milliseconds by which two equal boards may differ: DER signatures have 70 to 72 octets, and each octet takes its time
 * on the line.
 */
export const signatureJitterMs = 5
