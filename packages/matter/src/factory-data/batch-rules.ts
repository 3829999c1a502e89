import type { Finding, RuleTable } from '@keyline/bytes'

/** The rules of a batch (matter-factory-data 3.2): one row per device, no identity twice. */
export const batchRules = {
  'BATCH-01': {
    severity: 'error',
    text: 'No two devices have the same serial number.',
    remedy: 'give the device a serial number of its own',
  },
  'BATCH-02': {
    severity: 'error',
    text: 'No two devices have the same unique id of the rotating device id.',
    remedy: 'draw at least 16 octets for each device',
  },
  'BATCH-03': {
    severity: 'error',
    text: 'No two devices have the same DAC public key.',
    remedy: 'make a key pair and a certificate for each device',
  },
  'BATCH-04': {
    severity: 'warning',
    text: 'No two devices have the same passcode and discriminator.',
    remedy: 'draw both for each device; with equal ones a phone may find the wrong device',
  },
  'BATCH-05': {
    severity: 'error',
    text: 'One row goes to one board.',
    remedy: 'give a row for each board, or ask for the same identity on all of them',
  },
  'BATCH-06': {
    severity: 'error',
    text: 'A row has the form of its batch, and fits its limits.',
    remedy: 'correct the row; a cell with a comma, quote or line break stands in quotes',
  },
  'BATCH-07': {
    severity: 'error',
    text: 'The header names each column once, by a JSON path or by a name of ST’s JSON.',
    remedy: 'name the column as in the JSON form, such as device.serialNumber or SERIAL_NUMBER',
  },
} as const satisfies RuleTable

export type BatchRule = keyof typeof batchRules

/** A finding with the row it belongs to. */
export interface BatchFinding extends Finding {
  /** Number of the device's row in its batch, from 1; 0 is the header. */
  readonly row: number
}

/** A finding of a batch with severity and remedy of its rule; `value` must be safe to print. */
export function batchFinding(input: {
  readonly rule: BatchRule
  readonly row: number
  readonly field: string
  readonly value?: string | undefined
  readonly message: string
}): BatchFinding {
  const { rule, row, field, value = '', message } = input
  const { severity, remedy } = batchRules[rule]
  return { rule, severity, row, field, value, message, remedy }
}

/** Findings with the row that they belong to. */
export function atRow(row: number, findings: readonly Finding[]): readonly BatchFinding[] {
  return findings.map((finding) => ({ ...finding, row }))
}
