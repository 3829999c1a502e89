import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkChip } from '../../../../test/support/vectors/stsafe-sim.ts'

const folder = new URL('../../../../test/vectors/stsafe-a120/', import.meta.url)
const files = readdirSync(folder).filter((name) => {
  return name.endsWith('.json') && name !== 'index.json' && name !== 'profile-default.json'
})

describe('the chip in software', () => {
  it.each(files)('answers every exchange of %s octet for octet', (name) => {
    const json: unknown = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
    const results = checkChip({ path: `stsafe-a120/${name}`, json })
    expect(results.length).toBeGreaterThan(0)
    expect(results.filter(({ ok }) => !ok)).toEqual([])
  })
})
