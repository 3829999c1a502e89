import {
  array,
  assert,
  boolean,
  constantFrom,
  option,
  property,
  record,
  shuffledSubarray,
  subarray,
} from 'fast-check'
import { BytesError, KeylineError, type ErrorTable, type Fault } from '@keyline/bytes'
import { EvidenceKind, type Evidence } from '@keyline/ledger/records'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { StationError } from '../errors.ts'
import { knownEvidence as rules, reviewEvidence } from './required.ts'
import { decideVerdict, type VerdictInput } from './verdict.ts'

const kinds = EvidenceKind.options

function piece(kind: EvidenceKind, ok = true): Evidence {
  return { kind, ok, facts: { from: 'the test' } }
}

const complete: readonly Evidence[] = kinds.map((kind) => piece(kind))

function decide(input: Partial<VerdictInput>) {
  return decideVerdict({
    rules,
    evidence: complete,
    identityMayBeOnBoard: true,
    credentialsMayBeOnBoard: true,
    ...input,
  })
}

/** An error of each class of fault, from no package that exists. */
const faults: readonly Fault[] = [
  'caller',
  'board',
  'chip',
  'wire',
  'operator',
  'infrastructure',
  'bug',
]
class Trouble extends KeylineError {
  constructor(fault: Fault) {
    const table: ErrorTable = { TROUBLE: { fault, meaning: 'a fault', remedy: 'mend it' } }
    super(table, 'TROUBLE', `trouble of the ${fault}`)
  }
}
const interruption = new BytesError('INTERRUPTED', 'the work was interrupted')
const deadline = new BytesError('DEADLINE_PASSED', 'the step took too long')

describe('a verdict from evidence', () => {
  it('is PASS when every piece is there and right, and shows each', () => {
    const verdict = decide({})
    expect(verdict).toMatchObject({ verdict: 'PASS', reason: 'complete', evidence: complete })
    expect(rules.map(({ kind }) => kind)).toEqual(kinds)
  })

  it.each(kinds)('is QUARANTINE without %s, and names it', (kind) => {
    const verdict = decide({ evidence: complete.filter((one) => one.kind !== kind) })
    expect(verdict).toMatchObject({ verdict: 'QUARANTINE', reason: 'EVIDENCE_MISSING' })
    expect(verdict.message).toContain(kind)
    expect(verdict.remedy).toContain('--resume')
  })

  it.each(kinds)('is FAIL when %s is wrong, and says why', (kind) => {
    const wrong = complete.map((one) => (one.kind === kind ? piece(kind, false) : one))
    const verdict = decide({ evidence: wrong })
    expect(verdict).toMatchObject({
      verdict: 'FAIL',
      reason: `EVIDENCE_${kind.toUpperCase().replace('-', '_')}`,
      evidence: wrong,
    })
    expect(verdict.message).toContain('from the test')
  })

  it.each(kinds)('is FAIL when one of two pieces of %s is wrong', (kind) => {
    expect(decide({ evidence: [...complete, piece(kind, false)] }).verdict).toBe('FAIL')
    expect(decide({ evidence: [piece(kind, false), ...complete] }).verdict).toBe('FAIL')
  })

  it('is FAIL when one piece is wrong and another is missing', () => {
    expect(decide({ evidence: [piece('data', false)] }).verdict).toBe('FAIL')
  })

  it('is QUARANTINE without any evidence', () => {
    expect(decide({ evidence: [] }).verdict).toBe('QUARANTINE')
  })
})

describe('a verdict from an error', () => {
  it.each([
    ['caller', 'ERROR', 'QUARANTINE'],
    ['board', 'FAIL', 'FAIL'],
    ['chip', 'FAIL', 'FAIL'],
    ['wire', 'ERROR', 'QUARANTINE'],
    ['operator', 'ERROR', 'QUARANTINE'],
    ['infrastructure', 'ERROR', 'QUARANTINE'],
    ['bug', 'ERROR', 'QUARANTINE'],
  ] as const)('of the %s is %s before COMMIT and %s behind it', (fault, before, behind) => {
    const error = new Trouble(fault)
    const input = { error, evidence: [] }
    for (const identityMayBeOnBoard of [false, true]) {
      const early = decide({ ...input, identityMayBeOnBoard, credentialsMayBeOnBoard: false })
      expect(early).toMatchObject({ verdict: before, reason: 'TROUBLE', remedy: 'mend it' })
    }
    expect(decide(input).verdict).toBe(behind)
  })

  it.each([
    [false, false, 'ERROR'],
    [true, false, 'QUARANTINE'],
    [true, true, 'QUARANTINE'],
  ])(
    'of an interruption, identity on the board %s, credentials %s, is %s',
    (identityMayBeOnBoard, credentialsMayBeOnBoard, verdict) => {
      const input = { identityMayBeOnBoard, credentialsMayBeOnBoard, evidence: [] }
      expect(decide({ ...input, error: interruption })).toMatchObject({
        verdict,
        reason: 'INTERRUPTED',
        remedy: expect.stringContaining('--resume'),
      })
    },
  )

  it('that nobody knows is our own, and never the fault of the board', () => {
    for (const error of [new TypeError('x is undefined'), 'a text', null, 0]) {
      const verdict = decide({ error, credentialsMayBeOnBoard: false })
      expect(verdict).toMatchObject({ verdict: 'ERROR', reason: 'STATION_BUG' })
      expect(decide({ error }).verdict).toBe('QUARANTINE')
    }
  })

  it('does not undo evidence that is wrong', () => {
    for (const error of [interruption, deadline, ...faults.map((fault) => new Trouble(fault))]) {
      const verdict = decide({ error, evidence: [piece('data', false)] })
      expect(verdict.verdict, error.message).toBe('FAIL')
    }
  })
})

const errors = constantFrom<unknown>(
  undefined,
  interruption,
  deadline,
  new StationError('STATION_PROOF', 'the signature does not verify'),
  new StationError('STATION_SYNC_TIMEOUT', 'silence'),
  new Error('a bug'),
  ...faults.map((fault) => new Trouble(fault)),
)

const anyEvidence = array(
  record({ kind: constantFrom(...kinds), ok: option(boolean(), { nil: true }) }),
  { maxLength: 16 },
).map((pieces) => pieces.map(({ kind, ok }) => piece(kind, ok)))

const anyInput = record({
  evidence: anyEvidence,
  error: errors,
  identityMayBeOnBoard: boolean(),
  credentialsMayBeOnBoard: boolean(),
})

describe('the promises', () => {
  it('P3: PASS is given exactly for complete and right evidence without an error', () => {
    assert(
      property(anyInput, (input) => {
        const isThere = (kind: EvidenceKind): boolean =>
          input.evidence.some((one) => one.kind === kind)
        const isComplete = kinds.every(isThere) && input.evidence.every(({ ok }) => ok)
        const isPass = decide(input).verdict === 'PASS'
        expect(isPass).toBe(isComplete && input.error === undefined)
      }),
    )
  })

  it('P3: no order and no doubling of right pieces changes PASS, no smaller set has it', () => {
    assert(
      property(
        shuffledSubarray([...complete], { minLength: kinds.length }),
        subarray([...complete]),
        (all, some) => {
          expect(decide({ evidence: [...all, ...some] }).verdict).toBe('PASS')
          const isWhole = some.length === kinds.length
          expect(decide({ evidence: some }).verdict).toBe(isWhole ? 'PASS' : 'QUARANTINE')
        },
      ),
    )
  })

  it('P4: FAIL is given only for wrong evidence, or for an error that blames board or chip', () => {
    assert(
      property(anyInput, (input) => {
        const { evidence, error } = input
        const isBoard =
          error instanceof KeylineError && (error.fault === 'board' || error.fault === 'chip')
        const isWrong = evidence.some(({ ok }) => !ok)
        expect(decide(input).verdict === 'FAIL').toBe(isBoard || isWrong)
      }),
    )
  })

  it('a board that may hold credentials is never given up as ERROR', () => {
    assert(
      property(anyInput, (input) => {
        const { verdict } = decide({ ...input, credentialsMayBeOnBoard: true })
        expect(verdict).not.toBe('ERROR')
      }),
    )
  })
})

describe('a review of evidence', () => {
  it('names what is missing in the order of the rules, and what is wrong in the order of arrival', () => {
    const evidence = [piece('payload', false), piece('chain'), piece('chain', false)]
    expect(reviewEvidence(rules, evidence)).toEqual({
      complete: false,
      missing: kinds.filter((kind) => kind !== 'payload' && kind !== 'chain'),
      wrong: [piece('payload', false), piece('chain', false)],
    })
  })
})
