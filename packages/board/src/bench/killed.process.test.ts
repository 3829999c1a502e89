import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { VirtualClock } from '@keyline/bytes'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bundledProgram } from '../../../../test/support/bundled-program.ts'
import { bootAddress } from '../testing/bench-fixture.ts'
import { openBench } from './bench.ts'

const program = await bundledProgram(
  fileURLToPath(new URL('../testing/download-and-stop.ts', import.meta.url)),
)
const slice = 65_536
const slices = 10

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-killed-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** Kills a download in its Nth wait, and returns what stands in the flash. */
async function killedAt(wait: number): Promise<Uint8Array> {
  const child = spawn(process.execPath, [program, folder, String(wait)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), ended])
  child.kill('SIGKILL')
  const [, signal] = await ended
  expect(signal).toBe('SIGKILL')
  using bench = openBench({ folder, slots: 1, clock: new VirtualClock() })
  return bench.board(1).flash.read(bootAddress, 614_400)
}

describe('a process that is killed in a download', () => {
  it('leaves what it had programmed and nothing else', async () => {
    const flash = await killedAt(1 + slices + 4)
    expect(flash.subarray(0, 4 * slice).every((octet) => octet === 0x5a)).toBe(true)
    expect(flash.subarray(4 * slice).every((octet) => octet === 0xff)).toBe(true)
  })

  it('leaves an erased flash when it was killed while erasing', async () => {
    expect((await killedAt(1 + 3)).every((octet) => octet === 0xff)).toBe(true)
  })
})
