import { encodeUtf8, systemClock, VirtualClock, type Clock } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import type { SerialPort } from '../port/serial-port.ts'
import { never, ScriptedLine } from '../testing/scripted-channel.ts'
import type { AbandonedPort } from './open-serial-port.ts'
import { createSerialPorts } from './serial-ports.ts'

function portsOn(line: ScriptedLine, clock: Clock = new VirtualClock()) {
  const abandoned: AbandonedPort[] = []
  const ports = createSerialPorts({
    clock,
    lineOf: () => line,
    onAbandoned: (port) => abandoned.push(port),
  })
  return { clock, abandoned, open: () => ports.open('ttyACM0'), ports }
}

async function textOf(port: SerialPort): Promise<string> {
  let text = ''
  for await (const octets of port.received) text += Buffer.from(octets).toString('latin1')
  return text
}

describe('a serial port', () => {
  it('forgets what had arrived, carries octets both ways, and is closed once', async () => {
    const line = new ScriptedLine()
    const port = await portsOn(line).open()
    const heard: string[] = []
    const reading = (async () => {
      for await (const octets of port.received) heard.push(Buffer.from(octets).toString())
    })()
    line.say('ab')
    line.say('c')
    await expect.poll(() => heard).toEqual(['ab', 'c'])
    await port.write(encodeUtf8('Init\n'))
    await port.close()
    await port.close()
    await reading
    expect(line.acts).toEqual(['open', 'discard', 'write Init\n', 'close'])
    await expect(port.write(encodeUtf8('x'))).rejects.toMatchObject({ code: 'STATION_PORT' })
  })

  it('writes one piece after the other, each as it was when it was given', async () => {
    const given = encodeUtf8('1')
    const waits: (() => void)[] = []
    const line = new ScriptedLine({ write: () => new Promise((resolve) => waits.push(resolve)) })
    const port = await portsOn(line, systemClock).open()
    const both = [port.write(given), port.write(given)]
    given.fill(0)
    await expect.poll(() => waits.length).toBe(1)
    waits.shift()?.()
    await expect.poll(() => waits.length).toBe(1)
    waits.shift()?.()
    await Promise.all(both)
    expect(line.acts.slice(2)).toEqual(['write 1', 'write 1'])
  })

  it('is opened by one at a time, and again when it is closed', async () => {
    const { open, ports } = portsOn(new ScriptedLine())
    const port = await open()
    await expect(open()).rejects.toMatchObject({ code: 'STATION_PORT_BUSY' })
    await expect(ports.open('serial:///dev/ttyACM0')).rejects.toMatchObject({
      code: 'STATION_PORT_BUSY',
    })
    await port.close()
    await (await open()).close()
  })

  it('that the system refuses may be tried again', async () => {
    let tries = 0
    const line: ScriptedLine = new ScriptedLine({
      open: () => (++tries === 1 ? Promise.reject(new Error('no')) : Promise.resolve(line.channel)),
    })
    const { open } = portsOn(line)
    await expect(open()).rejects.toThrow('no')
    await (await open()).close()
  })

  it('ends what is received when its line ends, when reading fails, and when nobody lists it', async () => {
    const ended = new ScriptedLine()
    const failing = new ScriptedLine({ read: () => Promise.reject(new Error('EIO')) })
    const unlisted = new ScriptedLine({ read: never })
    ended.say('last')
    ended.say()
    for (const line of [ended, failing, unlisted]) {
      const { open } = portsOn(line)
      const port = await open()
      line.present = false
      expect(await textOf(port)).toBe(line === ended ? 'last' : '')
      await expect(port.write(encodeUtf8('x'))).rejects.toMatchObject({
        code: 'STATION_PORT',
        message: 'ttyACM0 has vanished',
      })
      await port.close()
      expect(line.acts.filter((act) => act === 'close')).toHaveLength(1)
      await (await open()).close()
    }
  })

  it('SER-5: ends a line without an end at 64 KiB, and a run at 1 MiB', async () => {
    const endless = new ScriptedLine()
    const lines = new ScriptedLine()
    for (let piece = 0; piece < 65; piece++) endless.say('x'.repeat(1024))
    for (let piece = 0; piece < 257; piece++) lines.say(`${'x'.repeat(4095)}\r`)
    for (const [line, limit] of [
      [endless, '65536'],
      [lines, '1048576'],
    ] as const) {
      const port = await portsOn(line).open()
      await expect(textOf(port)).rejects.toMatchObject({
        code: 'STATION_FLOOD',
        message: expect.stringContaining(limit),
      })
      await port.close()
    }
  })

  it('SER-5: takes exactly as much as it may', async () => {
    const line = new ScriptedLine()
    for (let piece = 0; piece < 16; piece++) line.say(`\n${'x'.repeat(65_535)}`)
    line.say()
    expect(await textOf(await portsOn(line).open())).toHaveLength(1_048_576)
  })
})

async function garbledBy(pieces: readonly string[]): Promise<readonly string[]> {
  const line = new ScriptedLine()
  const garbled: string[] = []
  const onGarbled = (name: string): void => void garbled.push(name)
  const clock = new VirtualClock()
  const port = await createSerialPorts({ clock, lineOf: () => line, onGarbled }).open('ttyACM0')
  for (const piece of pieces) line.say(piece)
  line.say()
  await textOf(port)
  await port.close()
  return garbled
}

describe('SER-11: a line at another bit rate', () => {
  it('is told by what it carries, once', async () => {
    expect(await garbledBy(['\0\xff\xe0\x80'.repeat(20), 'Init'.repeat(4)])).toEqual(['ttyACM0'])
  })

  it.each([
    ['text', ['Start_provisioning PXP/1\r\n'.repeat(9)]],
    ['reports of L0', ['finish:000\0\x8f\xfe\x01\xaa\x90'.repeat(8)]],
    ['a few octets of a reset', ['\xff\0\xff']],
    ['silence', []],
  ])('is not %s', async (_, pieces) => {
    expect(await garbledBy(pieces)).toEqual([])
  })
})

describe('SER-10: a driver that does not come back', () => {
  it('from open: the port is refused until it does, and closed then', async () => {
    const back: (() => void)[] = []
    const line: ScriptedLine = new ScriptedLine({
      open: () => new Promise((resolve) => back.push(() => resolve(line.channel))),
    })
    const { open, abandoned, clock } = portsOn(line)
    await expect(open()).rejects.toMatchObject({
      code: 'STATION_PORT_STUCK',
      details: { act: 'open' },
    })
    expect(clock.monotonicMs()).toBe(5000)
    expect(abandoned).toEqual([{ name: 'ttyACM0', act: 'open', afterMs: 5000 }])
    await expect(open()).rejects.toMatchObject({ code: 'STATION_PORT_STUCK' })
    back.shift()?.()
    await expect.poll(() => line.acts).toEqual(['open', 'close'])
  })

  it('from the discarding: the port does not open and is closed', async () => {
    const line = new ScriptedLine({ discard: never })
    await expect(portsOn(line).open()).rejects.toMatchObject({ code: 'STATION_PORT_STUCK' })
    expect(line.acts).toContain('close')
  })

  it('from write: its own deadline, the reader is told, the next writer too', async () => {
    const line = new ScriptedLine({ write: never })
    const { open, abandoned, clock } = portsOn(line)
    const port = await open()
    const text = textOf(port)
    const first = port.write(new Uint8Array(1152))
    const second = port.write(encodeUtf8('x'))
    await expect(first).rejects.toMatchObject({
      code: 'STATION_PORT_STUCK',
      details: { act: 'write' },
    })
    await expect(second).rejects.toMatchObject({ code: 'STATION_PORT' })
    expect(clock.monotonicMs()).toBe(3100)
    expect(abandoned).toEqual([{ name: 'ttyACM0', act: 'write', afterMs: 3100 }])
    expect(await text).toBe('')
  })

  it('from write, nor from anything after it: the slot goes on, the leak is told', async () => {
    let discards = 0
    const line = new ScriptedLine({
      read: never,
      write: never,
      discard: () => (discards++ === 0 ? Promise.resolve() : never()),
      close: never,
    })
    const { open, abandoned, clock } = portsOn(line)
    const port = await open()
    await expect(port.write(encodeUtf8('Init\n'))).rejects.toMatchObject({
      code: 'STATION_PORT_STUCK',
    })
    await port.close()
    expect(abandoned.map(({ act }) => act)).toEqual(['write', 'close'])
    expect(clock.monotonicMs()).toBeLessThan(7000)
    await expect(open()).rejects.toMatchObject({
      code: 'STATION_PORT_STUCK',
      message: 'an earlier handle of ttyACM0 has not come back',
    })
  })

  it('from close: the caller goes on at the limit; the port is free when the driver is back', async () => {
    const back: (() => void)[] = []
    const line = new ScriptedLine({ close: () => new Promise((resolve) => back.push(resolve)) })
    const { open, abandoned } = portsOn(line)
    await (await open()).close()
    expect(abandoned).toEqual([{ name: 'ttyACM0', act: 'close', afterMs: 3000 }])
    back.shift()?.()
    await expect
      .poll(() =>
        open().then(
          () => 'free',
          () => 'held',
        ),
      )
      .toBe('free')
  })
})
