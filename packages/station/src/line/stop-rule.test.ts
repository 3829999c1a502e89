import type { Verdict } from '@keyline/ledger/records'
import { describe, expect, it } from 'vitest'
import { StopRule } from './stop-rule.ts'

/** Takes endings such as `FAIL X`; gives what the rule said to each. */
function take(rule: StopRule, ...endings: readonly `${Verdict} ${string}`[]) {
  return endings.map((ending) => {
    const [verdict, reason = ''] = ending.split(' ')
    const known = (['PASS', 'FAIL', 'ERROR', 'QUARANTINE'] as const).find((one) => one === verdict)
    return rule.take({ verdict: known ?? 'ERROR', reason })
  })
}

describe('the stop rule', () => {
  it('stops at the limit of equal failures in a row, and says so once', () => {
    const said = take(new StopRule(3), 'FAIL X', 'FAIL X', 'FAIL X', 'FAIL X')
    expect(said).toEqual([undefined, undefined, '3 boards in a row ended as FAIL X', undefined])
  })

  it('begins anew after a PASS and after another reason', () => {
    const said = take(new StopRule(2), 'FAIL X', 'PASS complete', 'FAIL X', 'ERROR Y', 'FAIL X')
    expect(said).toEqual(Array(5).fill(undefined))
  })

  it('does not count what the operator has interrupted', () => {
    const said = take(
      new StopRule(2),
      'ERROR X',
      'QUARANTINE INTERRUPTED',
      'QUARANTINE INTERRUPTED',
      'ERROR X',
    )
    expect(said.at(-1)).toBe('2 boards in a row ended as ERROR X')
    expect(said.slice(0, 3)).toEqual([undefined, undefined, undefined])
  })

  it('never stops a line without a limit', () => {
    const said = take(new StopRule(undefined), ...Array<'FAIL X'>(100).fill('FAIL X'))
    expect(new Set(said)).toEqual(new Set([undefined]))
  })
})
