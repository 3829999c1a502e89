import { describe, expect, it } from 'vitest'
import { runTestLine, temporaryFolder } from '../support/line.ts'

describe('the line', () => {
  it('makes every unit of an order, each with the complete evidence', async () => {
    await using folder = await temporaryFolder()
    const { summary, events } = await runTestLine({ folder: folder.path, slots: 4, quantity: 8 })
    expect(summary).toMatchObject({ pass: 8, fail: 0, error: 0, quarantine: 0, remaining: 0 })
    const decided = events.filter((event) => event.type === 'unit-decided')
    expect(new Set(decided.map((event) => event.unit.serialNumber)).size).toBe(8)
  })
})
