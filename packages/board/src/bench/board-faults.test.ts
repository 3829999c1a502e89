import { decodeImage } from '@keyline/matter'
import { describe, expect, it } from 'vitest'
import { faultTable, type FaultName } from '../fault/fault-table.ts'
import {
  applicationFirmware,
  BenchFixture,
  bootAddress,
  factoryDataAddress,
} from '../testing/bench-fixture.ts'
import { exchange } from '../testing/scripted-host.ts'

function withFault(name: FaultName, at?: number): BenchFixture {
  return new BenchFixture({ fault: { name, at } })
}

/** Rows of provisioning-station section 13 that happen at a board, its probe or its line. */
const boardRows = (
  'F-01 F-02 F-03 F-04 F-05 F-06 F-07 F-08 F-09 F-10 F-11 F-12 F-13 F-14 F-15 F-16 F-17 ' +
  'F-18 F-19 F-20 F-21 F-22 F-23 F-25 F-26 F-27 F-31 F-32'
).split(' ')

describe('the fault table', () => {
  it.each(boardRows)('has a fault for %s', (row) => {
    const rows = Object.values(faultTable).flatMap((fault) => fault.row.split(', '))
    expect(rows).toContain(row)
  })
})

describe('faults of a board and its place', () => {
  it('read-protected: the board comes with RDP level 1, and no flash is read or written', async () => {
    using fixture = withFault('read-protected')
    const { bench } = fixture
    expect((await bench.connect(fixture.probe())).rdp).toBe(1)
    const refusal = { code: 'BOARD_PROTECTED', details: { class: 'protection' } }
    const octets = Uint8Array.of(1)
    await expect(bench.read(fixture.probe(), bootAddress, 1)).rejects.toMatchObject(refusal)
    await expect(bench.download(fixture.probe(), bootAddress, octets)).rejects.toMatchObject(
      refusal,
    )
    expect(bench.board(1).flash.read(bootAddress, 1)).toEqual(Uint8Array.of(0xff))
  })

  it('read-protected@2: nothing answers', async () => {
    using fixture = withFault('read-protected', 2)
    await expect(fixture.bench.connect(fixture.probe())).rejects.toMatchObject({
      code: 'BOARD_NO_TARGET',
    })
  })

  it('power-lost: the download stands, and nothing answers until the board is plugged in anew', async () => {
    using fixture = withFault('power-lost')
    const { bench } = fixture
    await bench.download(fixture.probe(), bootAddress, applicationFirmware)
    for (const underReset of [false, true]) {
      await expect(bench.connect(fixture.probe(), { underReset })).rejects.toMatchObject({
        code: 'BOARD_NO_TARGET',
      })
    }
    bench.replug(1)
    await fixture.clock.sleep(1300)
    expect(bench.board(1).running?.kind).toBe('application')
    await bench.connect(fixture.probe())
  })

  it('erase-fails changes nothing', async () => {
    using fixture = withFault('erase-fails', 2)
    const { bench } = fixture
    await bench.download(fixture.probe(), bootAddress, applicationFirmware)
    const again = bench.download(fixture.probe(), bootAddress, Uint8Array.of(1))
    await expect(again).rejects.toMatchObject({ code: 'BOARD_ERASE', details: { class: 'erase' } })
    expect(bench.board(1).flash.holds(bootAddress, applicationFirmware)).toBe(true)
  })

  it('wrong-firmware: an application runs, and no Init is answered', async () => {
    using fixture = withFault('wrong-firmware')
    await fixture.prepare()
    expect(await (await fixture.host()).sync()).toBe(false)
    expect(fixture.bench.board(1).running?.kind).toBe('application')
  })

  it('port-renamed: the old name is gone, the list has the new one', async () => {
    using fixture = withFault('port-renamed')
    const { bench } = fixture
    const open = await bench.open('sim:1')
    await fixture.prepare()
    const [probe] = await bench.list()
    expect(probe?.port).not.toBe('sim:1')
    await expect(open.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'BOARD_PORT_CLOSED' })
    await expect(bench.open('sim:1')).rejects.toMatchObject({ code: 'BOARD_PORT_UNKNOWN' })
    await (await bench.open(probe?.port ?? '')).close()
  })

  it('probe-cloned: the same probe is listed twice', async () => {
    using fixture = withFault('probe-cloned')
    const serials = (await fixture.bench.list()).map(({ serialNumber }) => serialNumber)
    expect(serials).toEqual(['SIM000000001', 'SIM000000001'])
  })

  it('secure-storage-refuses says nothing where the key rests in flash', async () => {
    using fixture = withFault('secure-storage-refuses')
    expect((await fixture.provision()).finish).toBe('000')
  })

  it.each([
    ['record-zero-length', 0],
    ['record-oversized', 0x1000],
  ] as const)('%s damages the data behind a good session', async (name, length) => {
    using fixture = withFault(name)
    expect((await fixture.provision()).finish).toBe('000')
    const { bench } = fixture
    const region = bench.board(1).flash.read(factoryDataAddress, 61_440)
    expect(new DataView(region.buffer).getUint32(4, true)).toBe(length)
    expect(decodeImage(region).findings.map(({ rule }) => rule)).toContain(
      length === 0 ? 'FD-006' : 'FD-007',
    )
    expect((await exchange(await fixture.host())).finish).not.toBe('000')
  })
})
