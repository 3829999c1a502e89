import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@keyline/bytes'
import { Form } from '@keyline/stsafe/layout'
import { SimulatedBus } from '../bus/simulated-bus.ts'
import { fileStore, loadState } from './file-store.ts'
import { stateFromJson, stateToJson } from './image.ts'
import { chipOf, spl05Profile } from './profile.ts'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scaled, testSeed } from '../../../../test/support/scale.ts'
import { chipWith, freshState, hostKeys } from '../testing/chips.ts'
import { ask } from '../testing/plain-host.ts'

const folder = mkdtempSync(join(tmpdir(), 'stsafe-state-'))
const program = join(folder, 'killed-chip.mjs')

beforeAll(async () => {
  await build({
    entryPoints: [
      new URL('../../../../test/stsafe/support/killed-chip.ts', import.meta.url).pathname,
    ],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['source'],
    logLevel: 'silent',
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the state of a chip', () => {
  it('is the same behind a file', () => {
    const path = join(folder, 'chip.json')
    expect(loadState(path)).toBeUndefined()
    const state = { ...freshState, hostKeys }
    const bus = new SimulatedBus({ state, store: fileStore(path) })
    ask(bus, Form.update, { option: {}, zone: 1, offset: 3, data: Uint8Array.of(1, 2, 3) })
    expect(loadState(path)).toEqual(bus.chip.memory.state)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([])
  })

  it('is text that reads back, and only what was written so', () => {
    const text = stateToJson(freshState)
    expect(stateFromJson(text)).toEqual(freshState)
    expect(() => stateFromJson(text.slice(0, -3))).toThrow(/SIM_STATE|state of a chip/)
    expect(() => stateFromJson(text.replace('"zones"', '"zone"'))).toThrow(/no text zones/)
    expect(() => stateFromJson(text.replace('0aff', '0af'))).toThrow()
    expect(() => stateFromJson('[]')).toThrow(/no text device/)
    expect(() => stateFromJson('null')).toThrow(/no text device/)
  })

  it('that cannot be written refuses the command that would change it', () => {
    const store = fileStore(join(folder, 'missing', 'chip.json'))
    const bus = new SimulatedBus({ state: freshState, store })
    const update = { option: {}, zone: 1, offset: 0, data: Uint8Array.of(1) }
    expect(() => ask(bus, Form.update, update)).toThrow(/cannot be written/)
    expect(bus.chip.memory.state).toBe(freshState)
  })

  it('that cannot be read is an error and not a new chip', () => {
    const path = join(folder, 'broken.json')
    writeFileSync(path, '{')
    expect(() => loadState(path)).toThrow(/SIM_STATE|state of a chip/)
    expect(() => loadState(folder)).toThrow(/cannot be read/)
  })

  it('survives a kill at any moment: what was answered is there, and nothing is half', async () => {
    const path = join(folder, 'killed.json')
    const random = seededRandom(`kill ${testSeed}`)
    let last = 0xffff_ffff
    for (let round = 0; round < scaled(6, 60); round++) {
      const lines = 1 + (random.bytes(1)[0] ?? 0) / 4
      last = await runAndKill(path, lines, last)
      const zone = loadState(path)?.zones[5]
      const counter = zone?.entry.counter ?? 0
      // One more may have been written before it could be told.
      expect([last, last - 1]).toContain(counter)
      expect(zone?.data.every((octet) => octet === (counter & 0xff))).toBe(true)
      last = counter
    }
    expect(readFileSync(path, 'utf8').endsWith('}\n')).toBe(true)
  })
})

/** Runs the child until it has told so many values, kills it, and gives the last value that it told. */
async function runAndKill(path: string, lines: number, before: number): Promise<number> {
  const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  let told = ''
  child.stdout.on('data', (data: Buffer) => {
    told += data.toString()
    if (told.split('\n').length > lines) child.kill('SIGKILL')
  })
  const signal = await new Promise((resolve) => child.once('close', (_, by) => resolve(by)))
  expect(signal).toBe('SIGKILL')
  const values = told.split('\n').slice(0, -1).map(Number)
  const first = values[0] ?? before
  expect(first).toBe(before - 1)
  return values.at(-1) ?? before
}

describe('a snapshot', () => {
  it('that was changed is refused', () => {
    const bus = chipWith()
    const snapshot = bus.snapshot()
    expect(() => bus.restore('{}')).toThrow(/two texts/)
    expect(() => bus.restore('[')).toThrow()
    expect(() => bus.restore(snapshot.replace('"moment"', '"other"'))).toThrow(/two texts/)
    bus.restore(snapshot)
    expect(bus.snapshot()).toBe(snapshot)
  })

  it('goes on in the middle of a hash, of a cipher and of a random sequence', () => {
    const bus = new SimulatedBus({ state: chipOf(spl05Profile) })
    ask(bus, Form.startHash, { algorithm: 'SHA3-384', message: Uint8Array.of(1) })
    const snapshot = bus.snapshot()
    const digest = ask(bus, Form.finishHash, { message: Uint8Array.of(2) })
    bus.restore(snapshot)
    expect(ask(bus, Form.finishHash, { message: Uint8Array.of(2) })).toEqual(digest)
    const seeded = chipWith()
    ask(seeded, Form.generateRandom, { size: 8 })
    const before = seeded.snapshot()
    const random = ask(seeded, Form.generateRandom, { size: 8 })
    seeded.restore(before)
    expect(ask(seeded, Form.generateRandom, { size: 8 })).toEqual(random)
    expect(ask(seeded, Form.generateRandom, { size: 8 })).not.toEqual(random)
  })
})
