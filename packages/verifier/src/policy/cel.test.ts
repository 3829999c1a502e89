import { afterEach, describe, expect, it, vi } from 'vitest'
import { compileCel } from './cel.ts'
import type { PolicyInput } from './input.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const input: PolicyInput = {
  evidence: { name: 'PRoT' },
  result: {},
  endorsements: [],
  session: {},
}

describe('an expression', () => {
  it('on a machine that is busy with other things is no malfunction', async () => {
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 60_000))
    const applies = await compileCel(`evidence.name == 'PRoT'`, 'when')
    expect(applies(input)).toBe(true)
  })

  it('that takes the processor for too long is one', async () => {
    const applies = await compileCel(`evidence.name == 'PRoT'`, 'when')
    vi.spyOn(process, 'cpuUsage').mockReturnValue({ user: 49_000, system: 2_000 })
    expect(() => applies(input)).toThrow('when took longer than 50 ms')
  })
})
