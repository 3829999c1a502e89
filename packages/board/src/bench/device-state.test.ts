import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '@keyline/bytes'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stm32wb55, stm32wba65 } from '../part/part-table.ts'
import { firmware, runSecureFlow, secureFlows } from '../testing/flows.ts'
import { exchange, provisioningImage, ScriptedHost } from '../testing/scripted-host.ts'
import { ToolFixture } from '../testing/tool-fixture.ts'
import { openBench } from './bench.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-state-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const board = (): string =>
  join(folder, readdirSync(folder).find((name) => name.startsWith('board-')) ?? '')

describe('what a board keeps in its folder', () => {
  it('a secure board goes on where the last process left it', async () => {
    const flow = secureFlows['wba security 2']
    {
      using fixture = new ToolFixture({ part: stm32wba65, folder })
      expect((await runSecureFlow(fixture, flow)).finish).toBe('000')
    }
    using later = new ToolFixture({ part: stm32wba65, folder })
    await later.boot()
    const { options, keyPlace, running } = later.bench.board(1)
    expect([options.value('TZEN'), options.value('BOOT_LOCK')]).toEqual([1, 1])
    expect(keyPlace).toBe('psa')
    expect(running?.kind).toBe('application')
    const host = await later.host()
    await host.send('ATTREQ', new Uint8Array(48))
    expect(await host.hear('ATTSIG').then(() => host.hear('ATTSIG'))).toHaveLength(64)
  })

  it('a customer key stays written', async () => {
    const clock = new VirtualClock()
    const outcomes: (string | undefined)[] = []
    for (let process = 0; process < 2; process++) {
      using bench = openBench({ slots: 1, clock, folder, part: stm32wb55, seed: 'cks' })
      const { flash } = bench.board(1)
      flash.erase(0x0800_0000, 65_536)
      flash.erase(0x901c_0000, 1)
      flash.program(0x901c_0000, provisioningImage())
      flash.program(0x0800_0000, firmware('provisioning-X1'))
      await bench.reset('SIM000000001')
      const host = new ScriptedHost(await bench.open('sim:1'), clock)
      outcomes.push((await exchange(host, 'production')).finish)
    }
    expect(outcomes).toEqual(['000', '013'])
  })

  it('an update of the coprocessor that was cut is found by the next process', () => {
    const options = { slots: 1, clock: new VirtualClock(), folder, part: stm32wb55 } as const
    {
      using bench = openBench(options)
      bench.board(1).coprocessor?.startService()
      bench.board(1).coprocessor?.beginUpgrade(0x0809_4000, 16)
    }
    using later = openBench(options)
    expect(later.board(1).coprocessor?.state).toBe('failed')
  })

  it('the folder knows its platforms, and the faults that it was made with', async () => {
    const clock = new VirtualClock()
    {
      using bench = openBench({
        slots: 2,
        clock,
        folder,
        part: [stm32wb55, stm32wba65],
        keepsFaults: true,
        faults: [{ slot: 2, name: 'no-target', at: 3 }],
      })
      expect(bench.board(1).part).toBe(stm32wb55)
    }
    using later = openBench({ slots: 2, clock, folder })
    expect((await later.list()).map(({ boardName }) => boardName)).toEqual([
      stm32wb55.boardName,
      stm32wba65.boardName,
    ])
    await later.connect('SIM000000002')
    await later.connect('SIM000000002')
    await expect(later.connect('SIM000000002')).rejects.toMatchObject({ code: 'BOARD_NO_TARGET' })
  })

  it('a folder with boards of one platform is not opened for another', () => {
    const clock = new VirtualClock()
    openBench({ slots: 1, clock, folder, part: stm32wb55 }).close()
    expect(() => openBench({ slots: 1, clock, folder, part: stm32wba65 })).toThrow(
      /holds a wb55 board, not a wba one/,
    )
  })

  it('is readable by its owner alone, and a damaged file is refused', () => {
    const options = { slots: 1, clock: new VirtualClock(), folder, part: stm32wb55 } as const
    {
      using bench = openBench(options)
      bench.board(1).options.program({ RDP: 0xbb })
      bench.board(1).reset()
    }
    const file = join(board(), 'device.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toContain('"RDP": 187')
    for (const text of ['', '[]', '{}', '{"coprocessor":{"state":"asleep","version":"1"}}']) {
      writeFileSync(file, text)
      expect(() => openBench(options)).toThrow(
        expect.objectContaining({ code: 'BOARD_BENCH_STATE' }),
      )
    }
  })
})
