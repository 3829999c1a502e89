import { describe, expect, it } from 'vitest'
import { keepsGoal, median, operationsPerSecond } from '../../bench/framework.ts'

describe('the benchmark framework', () => {
  it('takes the middle of the rounds', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([4, 1, 3, 2])).toBe(2.5)
  })

  it('judges a figure by its goal', () => {
    const figure = { figure: 'x', value: 100, unit: 'op/s', ceiling: 300, ratio: 3 }
    expect(keepsGoal(figure)).toBeUndefined()
    expect(keepsGoal({ ...figure, goal: { of: 'ratio', is: 'at most', limit: 3 } })).toBe(true)
    expect(keepsGoal({ ...figure, goal: { of: 'ratio', is: 'at most', limit: 2.9 } })).toBe(false)
    expect(keepsGoal({ ...figure, goal: { of: 'value', is: 'at least', limit: 101 } })).toBe(false)
    expect(keepsGoal({ ...figure, goal: { of: 'ratio', is: 'exactly', limit: 3 } })).toBe(true)
    expect(keepsGoal({ ...figure, goal: { of: 'ratio', is: 'exactly', limit: 2.9 } })).toBe(false)
  })

  it('waits for work that ends later', async () => {
    let ended = 0
    let begun = 0
    const work = async (): Promise<void> => {
      begun += 1
      expect(begun - ended).toBe(1)
      await Promise.resolve()
      ended += 1
    }
    expect(await operationsPerSecond(work, 1)).toBeGreaterThan(0)
    expect(ended).toBe(begun)
  })
})
