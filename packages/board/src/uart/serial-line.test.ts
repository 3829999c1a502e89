import { encodeUtf8, VirtualClock } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { FaultPlan, type SlotFault } from '../fault/fault-plan.ts'
import { SerialLine, type HostPort } from './serial-line.ts'

const octetMs = 10_000 / 115_200

function lineWith(...faults: readonly Omit<SlotFault, 'slot'>[]): {
  readonly clock: VirtualClock
  readonly line: SerialLine
} {
  const clock = new VirtualClock()
  const plan = new FaultPlan(faults)
  return { clock, line: new SerialLine({ name: 'sim:1', clock, octetMs, faults: () => plan }) }
}

async function textOf(port: HostPort): Promise<string> {
  let text = ''
  for await (const octets of port.received) text += Buffer.from(octets).toString('latin1')
  return text
}

describe('a serial line', () => {
  it('carries octets both ways in their time', async () => {
    const { clock, line } = lineWith()
    const heard: string[] = []
    line.listen((octets) => heard.push(Buffer.from(octets).toString('latin1')))
    const port = line.open()
    await port.write(encodeUtf8('Init\n'))
    expect(heard).toEqual(['Init\n'])
    expect(clock.monotonicMs()).toBeCloseTo(5 * octetMs)
    await line.transmit(new Uint8Array(1152))
    expect(clock.monotonicMs()).toBeCloseTo(100 + 5 * octetMs)
  })

  it('loses what arrives before the port is open', async () => {
    const { line } = lineWith()
    await line.transmit(encodeUtf8('old '))
    const port = line.open()
    await line.transmit(encodeUtf8('new'))
    await port.close()
    expect(await textOf(port)).toBe('new')
  })

  it('opens for one host at a time', async () => {
    const { line } = lineWith()
    const port = line.open()
    expect(() => line.open()).toThrow(expect.objectContaining({ code: 'BOARD_PORT_BUSY' }))
    await port.close()
    await line.open().close()
  })

  it('refuses to write to a closed port', async () => {
    const { line } = lineWith()
    const port = line.open()
    await port.close()
    await expect(port.write(encodeUtf8('x'))).rejects.toMatchObject({ code: 'BOARD_PORT_CLOSED' })
  })

  it('loses what the board was sending when it loses power', async () => {
    const { line } = lineWith()
    const port = line.open()
    const sent = line.transmit(encodeUtf8('half'))
    line.clear()
    await sent
    await line.transmit(encodeUtf8('boot'))
    await port.close()
    expect(await textOf(port)).toBe('boot')
  })

  it('keeps at most 64 KiB that nobody reads', async () => {
    const { line } = lineWith()
    const port = line.open()
    for (let piece = 0; piece < 10; piece++) await line.transmit(new Uint8Array(10_000))
    await port.close()
    expect((await textOf(port)).length).toBe(60_000)
  })

  it.each([
    ['octet-lost', 'acd'],
    ['octet-doubled', 'abbcd'],
    ['octet-corrupted', 'accd'],
  ] as const)('%s strikes at its octet', async (name, expected) => {
    const { line } = lineWith({ name, at: 2 })
    const port = line.open()
    await line.transmit(encodeUtf8('ab'))
    await line.transmit(encodeUtf8('cd'))
    await port.close()
    expect(await textOf(port)).toBe(expected)
  })

  it('noise strikes again and again', async () => {
    const { line } = lineWith({ name: 'noise', at: 2 })
    const port = line.open()
    await line.transmit(encodeUtf8('aaaaaa'))
    await port.close()
    expect(await textOf(port)).toBe('a`a`a`')
  })

  it('port-busy refuses one opening', async () => {
    const { line } = lineWith({ name: 'port-busy' })
    expect(() => line.open()).toThrow(/held|open elsewhere/)
    await line.open().close()
  })

  it('port-vanishes ends what is received, and the port can be opened again', async () => {
    const { line } = lineWith({ name: 'port-vanishes', at: 3 })
    const port = line.open()
    await line.transmit(encodeUtf8('abc'))
    await line.transmit(encodeUtf8('def'))
    expect(await textOf(port)).toBe('abc')
    await expect(port.write(encodeUtf8('x'))).rejects.toMatchObject({ code: 'BOARD_PORT_CLOSED' })
    await line.open().close()
  })
})
