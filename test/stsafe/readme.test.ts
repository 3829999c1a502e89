import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stateFromJson } from '@keyline/stsafe-sim'
import { expect, it } from 'vitest'
import { exampleOf, runExample } from '../support/readme-example.ts'

it('the example of the README of the chip runs as it stands there, and leaves a chip behind', async () => {
  const example = await exampleOf('packages/stsafe-sim/README.md')
  const folder = await mkdtemp(join(tmpdir(), 'keyline-readme-'))
  try {
    const code = example
      .replaceAll(`'chip.json'`, JSON.stringify(join(folder, 'chip.json')))
      .replace('unix:chip.sock', `unix:${join(folder, 'chip.sock')}`)
    const stdout = await runExample(code)
    expect(stdout).toBe(`Uint8Array(5) [ 0, 0, 66, 1, 3 ]\nunix:${join(folder, 'chip.sock')}\n`)
    const state = stateFromJson(await readFile(join(folder, 'chip.json'), 'utf8'))
    expect(state.zones[1]?.data.subarray(0, 2)).toEqual(Uint8Array.of(0x4b, 0x4c))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
