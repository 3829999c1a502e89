import { describe, expect, it } from 'vitest'
import { addTally, tallyLine } from './tally.ts'

describe('tally', () => {
  it('adds the counts of two runs', () => {
    expect(addTally({ passed: 2, failed: 1 }, { passed: 40, failed: 0 })).toEqual({
      passed: 42,
      failed: 1,
    })
  })

  it('prints the one line that every test command ends with', () => {
    expect(tallyLine({ passed: 42, failed: 1 })).toBe('42 passed, 1 failed')
  })
})
