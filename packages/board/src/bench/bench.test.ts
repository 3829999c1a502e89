import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BytesError, toHex, VirtualClock, withDeadline } from '@keyline/bytes'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  applicationFirmware,
  BenchFixture,
  bootAddress,
  factoryDataAddress,
  provisioningFirmware,
} from '../testing/bench-fixture.ts'
import { exchange, provisioningImage } from '../testing/scripted-host.ts'
import { openBench } from './bench.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-bench-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('a bench as programmer', () => {
  it('lists a probe with its port for each slot', async () => {
    using bench = openBench({ slots: 2, clock: new VirtualClock() })
    expect(await bench.list()).toEqual([
      { serialNumber: 'SIM000000001', boardName: 'STM32WBA65I-DK1', port: 'sim:1' },
      { serialNumber: 'SIM000000002', boardName: 'STM32WBA65I-DK1', port: 'sim:2' },
    ])
  })

  it('reads identity and protection of the target', async () => {
    using fixture = new BenchFixture()
    expect(await fixture.bench.connect(fixture.probe())).toEqual({
      deviceId: 0x4b0,
      deviceName: 'STM32WBA6x',
      uid: fixture.bench.board(1).uid,
      rdp: 0,
    })
  })

  it('erases the touched pages and no other', async () => {
    using fixture = new BenchFixture()
    const { bench } = fixture
    const pages = new Uint8Array(3 * 8192).fill(1)
    await bench.download(fixture.probe(), bootAddress, pages)
    await bench.download(fixture.probe(), bootAddress + 8192, Uint8Array.of(2))
    const read = await bench.read(fixture.probe(), bootAddress, pages.length)
    expect(read.subarray(0, 8192)).toEqual(pages.subarray(0, 8192))
    expect(read.subarray(8192, 16_384)).toEqual(
      Uint8Array.from({ length: 8192 }, (_, index) => (index === 0 ? 2 : 0xff)),
    )
    expect(read.subarray(16_384)).toEqual(pages.subarray(0, 8192))
  })

  it('takes the times of the part', async () => {
    using fixture = new BenchFixture()
    const { bench, clock } = fixture
    const image = new Uint8Array(614_400)
    const timed = async (act: () => Promise<unknown>): Promise<number> => {
      const start = clock.monotonicMs()
      await act()
      return clock.monotonicMs() - start
    }
    expect(await timed(() => bench.connect(fixture.probe()))).toBe(300)
    const download = () => bench.download(fixture.probe(), bootAddress, image)
    expect(await timed(download)).toBeCloseTo(300 + 75 * 20 + 6000 + 3000)
    expect(await timed(() => bench.read(fixture.probe(), bootAddress, 204_800))).toBeCloseTo(1300)
  })

  it('takes no time when none is modelled', async () => {
    using fixture = new BenchFixture({ timing: 'none' })
    expect((await fixture.provision()).finish).toBe('000')
    expect(fixture.clock.monotonicMs()).toBe(0)
  })

  it('halts the firmware for a download and starts it with a reset', async () => {
    using fixture = new BenchFixture()
    const board = fixture.bench.board(1)
    await fixture.start(applicationFirmware)
    expect(board.running).toBeUndefined()
    await fixture.clock.sleep(1201)
    expect(board.running?.kind).toBe('application')
    await fixture.bench.read(fixture.probe(), bootAddress, 16)
    expect(board.running?.kind).toBe('application')
    await fixture.bench.download(fixture.probe(), bootAddress, provisioningFirmware)
    expect(board.running).toBeUndefined()
  })

  it('refuses an unknown probe, port, address and number of slots', async () => {
    using fixture = new BenchFixture()
    const { bench } = fixture
    await expect(bench.connect('SIM000000009')).rejects.toThrow(/SIM000000009 is not connected/)
    await expect(bench.open('sim:9')).rejects.toMatchObject({ code: 'BOARD_PORT_UNKNOWN' })
    await expect(bench.read(fixture.probe(), 0x6000_0000, 1)).rejects.toMatchObject({
      code: 'BOARD_ADDRESS',
    })
    expect(() => openBench({ slots: 65, clock: fixture.clock })).toThrow(/1 to 64 slots, not 65/)
  })

  it('refuses a second call while one is running', async () => {
    using fixture = new BenchFixture()
    const first = fixture.bench.connect(fixture.probe())
    await expect(fixture.bench.connect(fixture.probe())).rejects.toMatchObject({
      code: 'BOARD_PROBE_BUSY',
      retryable: true,
    })
    await first
    await fixture.bench.connect(fixture.probe())
  })

  it('leaves a half-written flash when a download is interrupted', async () => {
    using fixture = new BenchFixture()
    const image = new Uint8Array(614_400).fill(7)
    const { clock } = fixture
    const download = withDeadline({ clock, ms: 5000, what: 'the download' }, (signal) =>
      fixture.bench.download(fixture.probe(), bootAddress, image, { signal }),
    )
    await expect(download).rejects.toBeInstanceOf(BytesError)
    await fixture.clock.sleep(1000)
    const read = fixture.bench.board(1).flash.read(bootAddress, image.length)
    expect(read[0]).toBe(7)
    expect(read.at(-1)).toBe(0xff)
    await fixture.bench.download(fixture.probe(), bootAddress, image)
    expect(fixture.bench.board(1).flash.holds(bootAddress, image)).toBe(true)
  })

  it('works on its slots at the same time', async () => {
    using fixture = new BenchFixture({ slots: 16 })
    const slots = Array.from({ length: 16 }, (_, index) => index + 1)
    const results = await Promise.all(slots.map((slot) => fixture.provision(slot)))
    expect(results.map(({ finish }) => finish)).toEqual(slots.map(() => '000'))
    expect(fixture.clock.monotonicMs()).toBeLessThan(10_000)
    expect(new Set(slots.map((slot) => toHex(fixture.region(slot)))).size).toBe(16)
  })
})

describe('a change of boards', () => {
  it('brings another UID and an erased flash to the same probe', async () => {
    using fixture = new BenchFixture()
    const first = fixture.bench.board(1)
    await fixture.provision()
    const second = fixture.bench.insertFreshBoard(1)
    expect(second.uid).not.toEqual(first.uid)
    expect(second.flash.read(bootAddress, 1)).toEqual(Uint8Array.of(0xff))
    expect((await fixture.provision()).finish).toBe('000')
  })

  it('ends the firmware of the board that is taken out', async () => {
    using fixture = new BenchFixture()
    await fixture.prepare()
    await fixture.clock.sleep(2000)
    fixture.bench.insertFreshBoard(1)
    expect(await (await fixture.host()).sync()).toBe(false)
  })

  it('draws UIDs from the seed, and fresh ones without a seed', () => {
    const clock = new VirtualClock()
    const uid = (seed?: string): string => {
      using bench = openBench({ slots: 1, clock, seed })
      return toHex(bench.board(1).uid)
    }
    expect(uid('one')).toBe(uid('one'))
    expect(uid('one')).not.toBe(uid('two'))
    expect(uid()).not.toBe(uid())
  })
})

describe('a bench in a folder', () => {
  it('gives a later process the same boards, powered on anew', async () => {
    const uids: string[] = []
    {
      using fixture = new BenchFixture({ folder, slots: 2, seed: undefined })
      await fixture.provision(2)
      uids.push(...[1, 2].map((slot) => toHex(fixture.bench.board(slot).uid)))
    }
    using later = new BenchFixture({ folder, slots: 2, seed: undefined })
    expect([1, 2].map((slot) => toHex(later.bench.board(slot).uid))).toEqual(uids)
    const again = await exchange(await later.host(2))
    expect(again.finish).toBe('015')
  })

  it('never gives a UID twice, whatever process inserts the board', () => {
    const uids = new Set<string>()
    for (let process = 0; process < 4; process++) {
      using bench = openBench({ folder, slots: 1, clock: new VirtualClock() })
      uids.add(toHex(bench.board(1).uid))
      uids.add(toHex(bench.insertFreshBoard(1).uid))
    }
    expect(uids.size).toBe(5)
    expect(readdirSync(folder).filter((name) => name.startsWith('board-')).length).toBe(5)
  })

  it('has lost the session of a process that was killed, but not the flash', async () => {
    const killed = new BenchFixture({ folder, seed: 'kill' })
    await killed.prepare()
    const host = await killed.host()
    await host.sync()
    using later = new BenchFixture({ folder, seed: 'kill' })
    const request = (await exchange(await later.host())).csr
    expect(request).toBeDefined()
    using twin = new BenchFixture({ seed: 'kill' })
    await twin.prepare()
    expect((await exchange(await twin.host())).csr).not.toEqual(request)
  })

  it('keeps the boards of slots that are not used now', () => {
    const clock = new VirtualClock()
    const uidOfTwo = (): string => {
      using bench = openBench({ folder, slots: 2, clock })
      return toHex(bench.board(2).uid)
    }
    const before = uidOfTwo()
    openBench({ folder, slots: 1, clock }).close()
    expect(uidOfTwo()).toBe(before)
  })

  it('can be closed twice', () => {
    using bench = openBench({ folder, slots: 1, clock: new VirtualClock() })
    bench.close()
  })

  it('is readable by its owner alone', async () => {
    using fixture = new BenchFixture({ folder, seed: undefined })
    await fixture.bench.download(fixture.probe(), factoryDataAddress, provisioningImage())
    const board = readdirSync(folder).find((name) => name.startsWith('board-')) ?? ''
    expect(statSync(join(folder, board, 'flash.bin')).mode & 0o077).toBe(0)
    expect(statSync(join(folder, 'bench.json')).mode & 0o077).toBe(0)
  })

  it.each(['', '{}', '[]', '{"seed":1,"boardsMade":1,"slots":[]}'])(
    'refuses a bench.json of %j',
    (text) => {
      writeFileSync(join(folder, 'bench.json'), text)
      expect(() => openBench({ folder, slots: 1, clock: new VirtualClock() })).toThrow(
        expect.objectContaining({ code: 'BOARD_BENCH_STATE' }),
      )
    },
  )
})
