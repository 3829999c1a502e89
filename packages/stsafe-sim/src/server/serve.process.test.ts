import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concat, fromHex, systemClock, toHex, type Clock } from '@keyline/bytes'
import { encodeBusRequest, Form } from '@keyline/stsafe/layout'
import type { SimulatedBus } from '../bus/simulated-bus.ts'
import { serveChip, type Served } from './serve.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { chipWith } from '../testing/chips.ts'
import { frameOf, withCrc } from '../testing/plain-host.ts'

const folder = mkdtempSync(join(tmpdir(), 'stsafe-'))
const open: Array<() => Promise<void> | void> = []

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

async function serve(
  bus: SimulatedBus,
  listen = 'tcp:127.0.0.1:0',
  clock?: Clock,
): Promise<Served> {
  const served = await serveChip({ bus, listen, clock })
  open.push(() => served.close())
  return served
}

/** A client that collects what it is told. */
async function client(address: string) {
  const [, host = '', port = ''] = address.split(':')
  const socket: Socket = address.startsWith('unix:')
    ? connect(address.slice(5))
    : connect(Number(port), host)
  let received: Uint8Array = new Uint8Array()
  let wake: (() => void) | undefined
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  socket.on('data', (data) => {
    received = concat(received, data)
    wake?.()
  })
  open.push(() => void socket.destroy())
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  return {
    socket,
    closed,
    /** The next octets, as many as are asked for. */
    take: async (length: number): Promise<string> => {
      while (received.length < length) await new Promise<void>((resolve) => (wake = resolve))
      const taken = toHex(received.subarray(0, length))
      received = received.subarray(length)
      return taken
    },
  }
}

const echo = encodeBusRequest({
  kind: 'write',
  data: frameOf(Form.echo, { data: Uint8Array.of(7) }),
})
const readEcho = encodeBusRequest({ kind: 'read', length: 6 })

describe.each(['tcp:127.0.0.1:0', `unix:${join(folder, 'chip.sock')}`])(
  'a chip at %s',
  (listen) => {
    it('answers in order, however the requests are cut', async () => {
      const { address } = await serve(chipWith(), listen)
      const { socket, take } = await client(address)
      socket.write(concat(echo, readEcho))
      expect(await take(6)).toBe('000000000006')
      expect(await take(6)).toBe(`00000307${toHex(withCrc(fromHex('0007')).subarray(2))}`)
      for (const octet of echo) socket.write(Uint8Array.of(octet))
      expect(await take(3)).toBe('000000')
    })
  },
)

describe('a client', () => {
  it('is the only one: a second connection is closed without an answer', async () => {
    const { address } = await serve(chipWith())
    const first = await client(address)
    const second = await client(address)
    await second.closed
    first.socket.write(echo)
    expect(await first.take(3)).toBe('000000')
  })

  it('that goes leaves the chip as it is to the next', async () => {
    const bus = chipWith()
    const { address } = await serve(bus)
    const first = await client(address)
    first.socket.write(echo)
    await first.take(3)
    first.socket.destroy()
    await first.closed
    const second = await reconnected(address)
    second.socket.write(readEcho)
    expect(await second.take(3)).toBe('000006')
  })

  it.each(['05', '00', '020000', '021001', '011001', 'ff'])(
    'that sends %s is told of a bus error and left, and the chip is not touched',
    async (octets) => {
      const bus = chipWith()
      const before = bus.snapshot()
      const { address } = await serve(bus)
      const { socket, take, closed } = await client(address)
      socket.write(fromHex(octets))
      expect(await take(1)).toBe('02')
      await closed
      expect(bus.snapshot()).toBe(before)
    },
  )

  it('that does not finish a request in time is told of a bus error and left', async () => {
    const timers: Array<() => void> = []
    const clock: Clock = {
      ...systemClock,
      after(ms, fire) {
        expect(ms).toBe(5000)
        timers.push(fire)
        return () => void timers.splice(timers.indexOf(fire), 1)
      },
    }
    const { address } = await serve(chipWith(), 'tcp:127.0.0.1:0', clock)
    const { socket, take, closed } = await client(address)
    socket.write(concat(echo, echo.subarray(0, 3)))
    expect(await take(3)).toBe('000000')
    expect(timers).toHaveLength(1)
    socket.write(concat(echo.subarray(3), echo.subarray(0, 1)))
    expect(await take(3)).toBe('000000')
    expect(timers).toHaveLength(1)
    timers[0]?.()
    expect(await take(1)).toBe('02')
    await closed
  })

  it('is left when the state of the chip cannot be saved, and the owner is told', async () => {
    const failure = new Error('disk full')
    const told: unknown[] = []
    const bus = {
      answer: () => {
        throw failure
      },
    }
    const onFailure = (error: unknown) => void told.push(error)
    const served = await serveChip({ bus, listen: 'tcp:127.0.0.1:0', onFailure })
    open.push(() => served.close())
    const { socket, take, closed } = await client(served.address)
    socket.write(echo)
    expect(await take(1)).toBe('02')
    await closed
    expect(told).toEqual([failure])
  })

  it('resets and cycles the power of the chip', async () => {
    const bus = chipWith()
    const { address } = await serve(bus)
    const { socket, take } = await client(address)
    for (const kind of ['reset', 'power-cycle'] as const) {
      bus.chip.volatile.challenge = new Uint8Array(16)
      socket.write(concat(echo, encodeBusRequest({ kind }), readEcho))
      expect(await take(7)).toBe('00000000000001')
      expect(bus.chip.volatile.challenge).toBeUndefined()
    }
  })
})

describe('a place to listen', () => {
  it.each(['', 'tcp:', 'tcp:host', 'tcp:127.0.0.1:70000', 'http://127.0.0.1:1'])(
    '%j is refused',
    async (listen) => {
      await expect(serveChip({ bus: chipWith(), listen })).rejects.toThrow(/unix:PATH/)
    },
  )

  it('that a killed process has left is taken over', async () => {
    const path = join(folder, 'left.sock')
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    const left = spawnSync(process.execPath, ['-e', script])
    expect([left.signal, statSync(path).isSocket()]).toEqual(['SIGKILL', true])
    const { address } = await serve(chipWith(), `unix:${path}`)
    expect(address).toBe(`unix:${path}`)
  })

  it('that is a file of another kind is refused, and the file stays', async () => {
    const path = join(folder, 'chip.json')
    writeFileSync(path, 'a chip')
    await expect(serveChip({ bus: chipWith(), listen: `unix:${path}` })).rejects.toThrow(
      /EADDRINUSE/,
    )
    expect(readFileSync(path, 'utf8')).toBe('a chip')
  })

  it('that is taken is refused', async () => {
    const { address } = await serve(chipWith())
    await expect(serveChip({ bus: chipWith(), listen: address })).rejects.toThrow(/EADDRINUSE/)
  })
})

/** The server may learn of the end of the client before a moment later: connects until it is served. */
async function reconnected(address: string) {
  for (;;) {
    const one = await client(address)
    one.socket.write(encodeBusRequest({ kind: 'write', data: new Uint8Array() }))
    const isServed = await Promise.race([
      one.take(3).then(() => true),
      one.closed.then(() => false),
    ])
    if (isServed) return one
  }
}

process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
