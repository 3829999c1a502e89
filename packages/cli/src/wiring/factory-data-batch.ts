import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { BytesError, hasErrors } from '@keyline/bytes'
import {
  atRow,
  prepareFactoryDataCheck,
  readBatch,
  type BatchFinding,
  type BatchRow,
  type FactoryDataChecker,
  type IdentityLookup,
} from '@keyline/matter'
import { CliError } from '../errors.ts'
import {
  inFile,
  readCommonObject,
  readingOptions,
  settingOf,
  type FactoryDataOptions,
} from './factory-data-input.ts'
import { placeOf } from './pki-input.ts'

export interface BatchFiles {
  /** File of the common object. */
  readonly common: string
  /** `.csv` or `.jsonl`, or `-` for CSV from the standard input. */
  readonly rows: string
  /** Identities that other devices have already. */
  readonly existing?: IdentityLookup | undefined
}

/** A row after all rules. */
export interface CheckedRow extends BatchRow {
  /** Findings of the reader, of uniqueness and of the values. */
  readonly findings: readonly BatchFinding[]
  readonly isSound: boolean
}

export interface BatchSummary {
  readonly rows: number
  readonly failed: number
}

/**
 * Reads and checks a batch row by row; Ctrl+C ends it behind the row in work.
 * @throws BytesError `INTERRUPTED`, CliError `CLI_FILE`, `CLI_INPUT`
 */
export async function checkBatch(
  files: BatchFiles,
  options: FactoryDataOptions,
  onRow: (row: CheckedRow) => Promise<void> | void,
): Promise<BatchSummary> {
  if (files.common === '-' && files.rows === '-') {
    throw new CliError('CLI_USAGE', 'the standard input is either the common object or the rows')
  }
  const common = await readCommonObject(files.common)
  const reading = await readingOptions(files.common, options)
  const source = openRows(files.rows)
  const stop = (): void => void source.destroy(interrupted())
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  let rows = 0
  let failed = 0
  let checker: FactoryDataChecker | undefined
  const format = /\.(?:jsonl|ndjson)$/i.test(files.rows) ? 'jsonl' : 'csv'
  try {
    await inFile(placeOf(files.common), async () => {
      const batch = readBatch(
        { common, rows: source, format },
        { ...reading, existing: files.existing },
      )
      for await (const row of batch) {
        const { set } = row
        if (set !== undefined) {
          checker ??= prepareFactoryDataCheck(settingOf(options, row.extended))
        }
        const findings = set && checker ? await checker.check(set.data, set) : []
        const all = [...row.findings, ...atRow(row.row, findings)]
        const checked = { ...row, findings: all, isSound: !hasErrors(all) }
        if (row.row > 0) rows++
        if (!checked.isSound) failed++
        await onRow(checked)
      }
    })
    return { rows, failed }
  } catch (cause) {
    if (cause instanceof Error && 'syscall' in cause) {
      throw new CliError('CLI_FILE', `${files.rows} cannot be read`, { cause })
    }
    throw cause
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
    source.destroy()
  }
}

function openRows(path: string): Readable {
  return path === '-' ? process.stdin : createReadStream(path)
}

function interrupted(): BytesError {
  return new BytesError('INTERRUPTED', 'interrupted by the operator', {
    remedy: 'run the same command again',
  })
}
