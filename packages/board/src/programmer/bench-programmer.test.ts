import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { openBench } from '../bench/bench.ts'
import type { FaultName } from '../fault/fault-table.ts'
import { parts, type Platform } from '../part/part-table.ts'
import { firmware } from '../testing/flows.ts'
import { BenchProgrammer } from './bench-programmer.ts'

const probe = 'SIM000000001'

function open(platform: Platform, fault?: FaultName) {
  const clock = new VirtualClock()
  const faults = fault === undefined ? [] : [{ slot: 1, name: fault }]
  const bench = openBench({ slots: 1, clock, part: parts[platform], seed: 'acts', faults })
  return { bench, clock, programmer: new BenchProgrammer({ bench, clock }) }
}

describe('the programmer of a bench', () => {
  it.each([
    ['wba', 0x7000_0000],
    ['wb55', 0x901c_0000],
  ] as const)('knows the loader of its board: %s', async (platform, address) => {
    const { bench, programmer } = open(platform)
    using _ = bench
    await programmer.download(probe, address, Uint8Array.of(1, 2, 3))
    expect(await programmer.read(probe, address, 3)).toEqual(Uint8Array.of(1, 2, 3))
    const clock = new VirtualClock()
    const other = new BenchProgrammer({ bench, clock, externalLoader: 'other' })
    await expect(other.read(probe, address, 3)).rejects.toMatchObject({ code: 'BOARD_LOADER' })
  })

  it('erases everything, sets option bytes and resets', async () => {
    const { bench, programmer } = open('wba')
    using _ = bench
    await programmer.download(probe, 0x0800_0000, Uint8Array.of(1))
    await programmer.eraseAll(probe)
    expect(await programmer.read(probe, 0x0800_0000, 1)).toEqual(Uint8Array.of(0xff))
    await programmer.setOptionBytes(probe, { RDP: 0xbb })
    expect((await programmer.connect(probe)).rdp).toBe(0)
    await programmer.reset(probe)
    expect((await programmer.connect(probe)).rdp).toBe(1)
    await expect(programmer.eraseAll(probe)).rejects.toMatchObject({ code: 'BOARD_PROTECTED' })
  })

  it('upgrades the coprocessor from a file', async () => {
    const { bench, programmer } = open('wb55')
    using _ = bench
    const folder = mkdtempSync(join(tmpdir(), 'keyline-stack-'))
    try {
      const file = join(folder, 'stack.bin')
      writeFileSync(file, firmware('inert', { version: '1.22.0' }))
      await programmer.startWirelessStack(probe)
      await programmer.upgradeCoprocessor(probe, 0x0809_4000, file)
    } finally {
      rmSync(folder, { recursive: true })
    }
    expect(bench.board(1).coprocessor?.version).toBe('1.22.0')
  })

  it('runs the scripts of a platform, and answers the level of the protection with 0', async () => {
    const { bench, programmer } = open('u5')
    using _ = bench
    const script = { probe, platform: 'u5', security: 1 } as const
    await programmer.runScript({ ...script, script: 'regression' })
    const output = await programmer.runScript({ ...script, script: 'SBSFU_UPDATE' })
    expect(output).toContain('RDP level 0')
    expect((await programmer.connect(probe)).rdp).toBe(0)
  })

  it.each(['script-fails', 'script-asks'] as const)('%s ends the script', async (fault) => {
    const { bench, programmer } = open('wba', fault)
    using _ = bench
    const script = { script: 'regression', probe, platform: 'wba', security: 1 } as const
    await expect(programmer.runScript(script)).rejects.toMatchObject({ code: 'BOARD_SCRIPT' })
    await programmer.runScript(script)
  })
})
