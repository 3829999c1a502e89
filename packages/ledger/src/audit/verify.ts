import { isKeylineError, parseJson, type Finding, type RuleTable } from '@keyline/bytes'
import { chainHash, chainStart } from '../records/index.ts'
import { maxLineOctets } from './lines.ts'
import { AuditRecord, type AuditHead } from './record.ts'

/** What can be wrong with an exported audit log. Source: issuing, section 6. */
export const auditRules = {
  'AUD-001': {
    severity: 'error',
    text: 'Each line is one audit record: strict JSON, each member once, none more, none less.',
    remedy: 'export the log anew; when the ledger itself gives this line, it was changed',
  },
  'AUD-002': {
    severity: 'error',
    text: 'The sequence is 1, 2, 3, … without gaps: nothing was removed, inserted or moved.',
    remedy: 'compare with an earlier export from this record on',
  },
  'AUD-003': {
    severity: 'error',
    text: 'The hash of each record covers the record and all before it: nothing was changed.',
    remedy: 'compare with an earlier export from this record on',
  },
  'AUD-004': {
    severity: 'error',
    text: 'The export reaches at least as far as the head of each manifest.',
    remedy: 'export the log anew; when it stays short, records were cut off in the ledger',
  },
  'AUD-005': {
    severity: 'error',
    text: 'The record at the head of a manifest has the hash that the manifest has.',
    remedy: 'compare with an earlier export: the log was rewritten before this record',
  },
} as const satisfies RuleTable

export interface AuditReport {
  /** Lines of the export. */
  readonly lines: number
  /** Last record up to which everything is consistent. */
  readonly consistentTo: AuditHead
  /** The first wrong record, and every head that does not fit. None: the log is whole. */
  readonly findings: readonly Finding[]
  /** Sequence of the last head that fits. 0: the end of the log was not checked, records may be cut off. */
  readonly anchoredTo: number
}

/**
 * Recomputes an exported audit chain. Heads come from manifests whose signatures were checked; without one,
 * records that were cut off at the end cannot be missed, and the report says so by `anchoredTo: 0`.
 */
export async function verifyAuditExport(
  lines: Iterable<string> | AsyncIterable<string>,
  heads: readonly AuditHead[] = [],
): Promise<AuditReport> {
  const chain = new ChainCheck(heads)
  try {
    for await (const line of lines) chain.take(line)
  } catch (error) {
    if (!isKeylineError(error)) throw error
    chain.stop('AUD-001', '', error.message)
  }
  return chain.report()
}

class ChainCheck {
  readonly #heads: readonly AuditHead[]
  readonly #hashes = new Map<number, string>([[0, chainStart]])
  readonly #findings: Finding[] = []
  #lines = 0
  #last: AuditHead = { seq: 0, hash: chainStart }
  #broken = false

  constructor(heads: readonly AuditHead[]) {
    this.#heads = heads
    for (const { seq } of heads) if (seq > 0) this.#hashes.set(seq, '')
  }

  take(line: string): void {
    this.#lines++
    if (this.#broken) return
    const expected = this.#last.seq + 1
    const record = parseRecord(line, expected)
    if (typeof record === 'string') {
      this.stop('AUD-001', '', record)
      return
    }
    if (record.seq !== expected) {
      this.stop(
        'AUD-002',
        String(record.seq),
        `record ${record.seq} stands in the place of ${expected}`,
      )
      return
    }
    const hash = chainHash(this.#last.hash, record)
    if (record.hash !== hash) {
      this.stop('AUD-003', record.hash, `record ${expected} should have hash ${hash}`)
      return
    }
    this.#last = { seq: expected, hash }
    if (this.#hashes.has(expected)) this.#hashes.set(expected, hash)
  }

  /** Names the first wrong record. What follows it proves nothing. */
  stop(rule: keyof typeof auditRules, value: string, message: string): void {
    if (this.#broken) return
    this.#broken = true
    this.#add(rule, `seq ${this.#last.seq + 1}`, value, message)
  }

  report(): AuditReport {
    let anchoredTo = 0
    for (const head of this.#heads.toSorted((a, b) => a.seq - b.seq)) {
      const { seq, hash } = this.#last
      if (head.seq <= seq) {
        const found = this.#hashes.get(head.seq) ?? ''
        if (found === head.hash) anchoredTo = head.seq
        else this.#add('AUD-005', `seq ${head.seq}`, found, `head says ${head.hash}`)
      } else if (!this.#broken) {
        this.#add(
          'AUD-004',
          `seq ${head.seq}`,
          hash,
          `export ends at ${seq}, head says ${head.seq}`,
        )
      }
    }
    return {
      lines: this.#lines,
      consistentTo: this.#last,
      findings: this.#findings,
      anchoredTo,
    }
  }

  #add(rule: keyof typeof auditRules, field: string, value: string, message: string): void {
    const { severity, remedy } = auditRules[rule]
    this.#findings.push({ rule, severity, field, value, message, remedy })
  }
}

/** The record of a line, or why it is none. */
function parseRecord(line: string, seq: number): AuditRecord | string {
  try {
    const value = parseJson(line, `record ${seq}`, { maxLength: maxLineOctets })
    const parsed = AuditRecord.safeParse(value)
    if (parsed.success) return parsed.data
    const issue = parsed.error.issues[0]
    return `record ${seq}, ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not an audit record'}`
  } catch (error) {
    if (isKeylineError(error)) return error.message
    throw error
  }
}
