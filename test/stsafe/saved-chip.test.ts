import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkChip } from '../support/vectors/stsafe-sim.ts'

const folder = new URL('../vectors/stsafe-a120/', import.meta.url)

describe('a chip that is saved, lost and restored after every command', () => {
  it('gives the same results over the whole recorded suite', () => {
    let [cases, commands] = [0, 0]
    for (const name of readdirSync(folder)) {
      if (!name.endsWith('.json') || /^(?:index|profile)/.test(name)) continue
      const json: unknown = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
      const file = { path: `stsafe-a120/${name}`, json }
      const undisturbed = checkChip(file)
      const restored = checkChip(file, (bus) => {
        const snapshot = bus.snapshot()
        bus.powerCycle()
        expect(bus.snapshot()).not.toBe(snapshot)
        bus.restore(snapshot)
        expect(bus.snapshot()).toBe(snapshot)
        commands++
      })
      expect(restored).toEqual(undisturbed)
      expect(restored.filter(({ ok }) => !ok)).toEqual([])
      cases += restored.length
    }
    process.stdout.write(`${commands} commands in ${cases} cases, saved and restored after each\n`)
    expect(cases).toBeGreaterThan(300)
    expect(commands).toBeGreaterThan(600)
  })
})
