import { describe, expect, it } from 'vitest'
import { FaultPlan, parseFault } from './fault-plan.ts'
import { faultTable } from './fault-table.ts'

const times = (count: number, ask: () => boolean): readonly boolean[] =>
  Array.from({ length: count }, ask)

describe('a fault plan', () => {
  it('never strikes without faults', () => {
    const plan = new FaultPlan()
    expect(plan.isEmpty).toBe(true)
    expect(times(3, () => plan.strikes('silent'))).toEqual([false, false, false])
    expect(plan.strikesWithin('noise', 10_000)).toEqual([])
  })

  it('strikes once at the place of a passing fault', () => {
    const plan = new FaultPlan([{ name: 'no-target-once', at: 2 }])
    expect(times(4, () => plan.strikes('no-target-once'))).toEqual([false, true, false, false])
  })

  it('strikes from its place on when the fault lasts', () => {
    const plan = new FaultPlan([{ name: 'no-target', at: 2 }])
    expect(times(4, () => plan.strikes('no-target'))).toEqual([false, true, true, true])
  })

  it('takes the same fault at several places', () => {
    const plan = new FaultPlan([
      { name: 'restart-before-commit', at: 1 },
      { name: 'restart-before-commit', at: 3 },
    ])
    expect(times(4, () => plan.strikes('restart-before-commit'))).toEqual([
      true,
      false,
      true,
      false,
    ])
  })

  it('finds the octet across pieces', () => {
    const plan = new FaultPlan([{ name: 'octet-lost', at: 12 }])
    expect(plan.strikesWithin('octet-lost', 10)).toEqual([])
    expect(plan.strikesWithin('octet-lost', 10)).toEqual([1])
    expect(plan.strikesWithin('octet-lost', 10)).toEqual([])
  })

  it('strikes periodically with noise', () => {
    const plan = new FaultPlan([{ name: 'noise', at: 4 }])
    expect(plan.strikesWithin('noise', 10)).toEqual([3, 7])
    expect(plan.strikesWithin('noise', 10)).toEqual([1, 5, 9])
  })

  it('uses the place of the table when none is given', () => {
    expect(new FaultPlan([{ name: 'finish-code' }]).valueOf('finish-code')).toBe(
      faultTable['finish-code'].at,
    )
  })
})

describe('a fault as text', () => {
  it('is a name, or a name and a place', () => {
    expect(parseFault('silent')).toEqual({ name: 'silent' })
    expect(parseFault('octet-lost@77')).toEqual({ name: 'octet-lost', at: 77 })
  })

  it.each(['', 'deaf', 'silent@', 'silent@0', 'silent@x', 'silent@1@2', 'toString'])(
    'is refused as %j',
    (text) => {
      expect(() => parseFault(text)).toThrow(/is not a fault; known are no-probe/)
    },
  )
})
