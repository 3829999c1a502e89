import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '@keyline/bytes'
import { parseCertificate } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import type { Memory } from '../flash/memory.ts'
import { parts, stm32wb55, stm32wba65 } from '../part/part-table.ts'
import { DeviceKey } from '../storage/device-key.ts'
import { firmware } from '../testing/flows.ts'
import { provisioningImage } from '../testing/scripted-host.ts'
import { ToolFixture } from '../testing/tool-fixture.ts'
import { developmentCredentials } from './development-credentials.ts'

interface FirmwareVector {
  readonly id: string
  readonly mode: 'test' | 'production'
  readonly secureStorageAccepts: boolean
  readonly before: string
  readonly after: string | null
  readonly finish: string
}

const { vectors }: { readonly vectors: readonly FirmwareVector[] } = JSON.parse(
  readFileSync(
    new URL(
      '../../../../test/vectors/matter/factory-data/provisioning-firmware.json',
      import.meta.url,
    ),
    'utf8',
  ),
)
const dataAddress = stm32wb55.factoryData.factoryDataAddress

/** Everything that the firmware sends in a time. */
async function heard(fixture: ToolFixture, ms: number, say?: string): Promise<Uint8Array> {
  const port = await fixture.bench.open('sim:1')
  const pieces: Uint8Array[] = []
  const reading = (async () => {
    for await (const octets of port.received) pieces.push(octets)
  })()
  await fixture.clock.sleep(2000)
  if (say !== undefined) await port.write(new TextEncoder().encode(say))
  await fixture.clock.sleep(ms)
  await port.close()
  await reading
  return Uint8Array.from(pieces.flatMap((octets) => [...octets]))
}

function startNow(fixture: ToolFixture, image: Uint8Array): void {
  const board = fixture.bench.board(1)
  board.flash.program(board.part.bootAddress, image)
  board.reset()
}

const latin1 = (octets: Uint8Array): string => Buffer.from(octets).toString('latin1')

describe('firmware L0 on STM32WB55', () => {
  it.each(vectors)('$id', async ({ mode, secureStorageAccepts, before, after, finish }) => {
    using fixture = new ToolFixture({ part: stm32wb55 })
    const board = fixture.bench.board(1)
    board.flash.program(dataAddress, fromHex(before))
    if (!secureStorageAccepts)
      board.customerKeys?.write(1, new DeviceKey(new Uint8Array(32).fill(7)))
    const untouched = board.flash.read(dataAddress, 65_536)
    startNow(fixture, firmware('provisioning-L0', { mode }))
    expect(latin1(await heard(fixture, 10_000)).slice(0, 10)).toBe(finish)
    const region = board.flash.read(dataAddress, 65_536)
    if (after === null) expect(region).toEqual(untouched)
    else expect(toHex(region).replace(/(ff)+$/, '')).toBe(after.replace(/(ff)+$/, ''))
  })

  it('sends 16 octets every 3 s for ever: result, NUL, and what nobody defined', async () => {
    using fixture = new ToolFixture({ part: stm32wb55 })
    startNow(fixture, firmware('provisioning-L0'))
    const octets = await heard(fixture, 60_000)
    expect(octets.length % 16).toBe(0)
    expect(octets.length / 16).toBeGreaterThanOrEqual(20)
    const frames = Array.from({ length: octets.length / 16 }, (_, index) =>
      octets.subarray(index * 16, index * 16 + 16),
    )
    for (const frame of frames) expect(latin1(frame.subarray(0, 11))).toBe('finish:001\0')
    expect(new Set(frames.map((frame) => toHex(frame.subarray(11)))).size).toBeGreaterThan(1)
  })

  it.each(['test', 'production'] as const)(
    'in mode %s: the debug port reads what it should',
    async (mode) => {
      using fixture = new ToolFixture({ part: stm32wb55 })
      const { bench } = fixture
      const board = bench.board(1)
      board.flash.program(dataAddress, provisioningImage())
      startNow(fixture, firmware('provisioning-L0', { mode }))
      expect(latin1(await heard(fixture, 10_000))).toContain('finish:000')
      expect(isReadable(board.flash, developmentCredentials().key)).toBe(mode === 'test')
      expect(board.keyPlace).toBe(mode === 'test' ? 'flash' : 'cks')
    },
  )
})

/** Whether the scalar, or half of it, stands anywhere in the memories that the debug port reaches. */
function isReadable(flash: Memory, key: DeviceKey): boolean {
  const scalar = Buffer.from(key.secret().reveal())
  return [flash.internal, flash.external].some((memory) => {
    if (memory === undefined) return false
    const octets = Buffer.from(memory.read(memory.geometry.base, memory.geometry.size))
    return [scalar, scalar.subarray(0, 16), scalar.subarray(16)].some((part) =>
      octets.includes(part),
    )
  })
}

describe('firmware L1', () => {
  it.each([
    ['flash', {}, stm32wba65],
    ['psa', { trustedFirmware: true }, stm32wba65],
    ['its', { mode: 'production', stores: ['flash', 'its'] }, parts.u5],
  ] as const)('answers each Init, provisions to %s and reports', async (place, build, part) => {
    using fixture = new ToolFixture({ part })
    const board = fixture.bench.board(1)
    board.flash.program(part.factoryData.factoryDataAddress, provisioningImage())
    startNow(fixture, firmware('provisioning-L1', build))
    const text = latin1(await heard(fixture, 10_000, 'Init\nInit\n'))
    expect(text.match(/Start_provisioning/g)?.length).toBe(2)
    expect(text).toMatch(/Start_provisioning[^]*finish:000/)
    expect(board.keyPlace).toBe(place)
    expect(isReadable(board.flash, developmentCredentials().key)).toBe(place === 'flash')
  })

  it('is silent without Init', async () => {
    using fixture = new ToolFixture({ part: stm32wba65 })
    startNow(fixture, firmware('provisioning-L1'))
    expect((await heard(fixture, 60_000)).length).toBe(0)
  })

  it('reports 001 without factory data', async () => {
    using fixture = new ToolFixture({ part: stm32wba65 })
    startNow(fixture, firmware('provisioning-L1'))
    expect(latin1(await heard(fixture, 10_000, 'Init\n'))).toContain('finish:001')
  })

  it('secure-storage-refuses: 004, and the flash is as it was', async () => {
    using fixture = new ToolFixture({
      part: stm32wba65,
      fault: { name: 'secure-storage-refuses' },
    })
    const board = fixture.bench.board(1)
    const address = stm32wba65.factoryData.factoryDataAddress
    board.flash.program(address, provisioningImage())
    const before = board.flash.read(address, 61_440)
    startNow(fixture, firmware('provisioning-L1', { trustedFirmware: true }))
    expect(latin1(await heard(fixture, 10_000, 'Init\n'))).toContain('finish:004')
    expect(board.flash.read(address, 61_440)).toEqual(before)
  })
})

describe('firmware without a serial line', () => {
  it('stores the published key in ITS and shows a light', async () => {
    using fixture = new ToolFixture({ part: stm32wba65 })
    startNow(fixture, firmware('provisioning-none'))
    expect((await heard(fixture, 10_000, 'Init\n')).length).toBe(0)
    const board = fixture.bench.board(1)
    expect(board.led).toBe('ok')
    expect(board.keyPlace).toBe('its')
    expect(isReadable(board.flash, developmentCredentials().key)).toBe(false)
    const area = board.flash.read(0x081e_a000, 0x200)
    expect(new DataView(area.buffer).getUint32(0, true)).toBe(0x1fff_0001)
  })
})

describe('the published credentials', () => {
  it('belong together', () => {
    const { dac, pai, key } = developmentCredentials()
    expect(parseCertificate(dac).spki.key.octets).toEqual(key.publicKey)
    expect(parseCertificate(dac).issuer).toEqual(parseCertificate(pai).subject)
  })
})
