import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex, systemClock, toHex } from '@keyline/bytes'
import { chipOf, serveChip, SimulatedBus, spl05Profile, type Served } from '@keyline/stsafe-sim'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BusAnswer } from '../layout/byte-stream.ts'
import { takeBusLock } from './bus-lock.ts'
import { openStreamTransport } from './byte-stream.ts'
import { openTransport } from './device-uri.ts'
import { openI2cTransport, type I2cDriver } from './i2c.ts'
import { inProcessTransport } from './in-process.ts'
import type { Transport } from './transport.ts'

const clock = systemClock
const echo = fromHex('00e97588')
const answered = '000003e97588'

let folder: string
let closing: (() => Promise<unknown>)[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-stsafe-'))
  closing = []
})
afterEach(async () => {
  for (const close of closing.toReversed()) await close()
  rmSync(folder, { recursive: true, force: true })
})

function simulatedBus(): SimulatedBus {
  return new SimulatedBus({ state: chipOf(spl05Profile) })
}

async function serve(listen: string): Promise<Served> {
  const served = await serveChip({ bus: simulatedBus(), listen })
  closing.push(() => served.close())
  return served
}

function never(): Promise<never> {
  return new Promise(() => undefined)
}

function failWith(code: string): never {
  throw Object.assign(new Error(`error ${code}`), { code })
}

/** A driver whose every transfer ends in this error of the kernel. */
function failing(code: string): I2cDriver {
  const fail = async (): Promise<never> => failWith(code)
  const bus = { i2cRead: fail, i2cWrite: fail, close: async () => undefined }
  return { openPromisified: async () => bus }
}

/** In place of `i2c-bus`: the simulator behind its interface, with errors as the kernel names them. */
function standIn(bus = simulatedBus()): I2cDriver {
  return {
    openPromisified: async () => ({
      i2cWrite: async (_, length, buffer) => {
        const answer = bus.answer({ kind: 'write', data: Uint8Array.from(buffer) })
        return answer.kind === 'done' ? { bytesWritten: length } : failWith('EREMOTEIO')
      },
      i2cRead: async (_, length, buffer) => {
        const answer = bus.answer({ kind: 'read', length })
        if (answer.kind !== 'done') return failWith('EREMOTEIO')
        buffer.set(answer.data)
        return { bytesRead: length }
      },
      close: async () => undefined,
    }),
  }
}

const transports: Readonly<Record<string, () => Promise<Transport>>> = {
  'in process': async () => inProcessTransport(simulatedBus()),
  'a Unix socket': async () => {
    const { address } = await serve(`unix:${join(folder, 'chip.sock')}`)
    return openTransport(address, { clock })
  },
  'a TCP socket': async () => {
    const { address } = await serve('tcp:127.0.0.1:0')
    return openTransport(address, { clock })
  },
  'a bus of Linux': () => openI2cTransport({ bus: 200, clock, driver: standIn() }),
}

async function dataOf(answer: Promise<BusAnswer>): Promise<string> {
  const done = await answer
  return done.kind === 'done' ? toHex(done.data) : done.kind
}

describe.each(Object.entries(transports))('the transport over %s', (_, open) => {
  let transport: Transport
  beforeEach(async () => {
    transport = await open()
    closing.push(() => transport.close())
  })

  it('writes a command and reads its response from the first octet each time', async () => {
    expect(await dataOf(transport.transfer({ kind: 'write', data: echo }))).toBe('')
    expect(await dataOf(transport.transfer({ kind: 'read', length: 5 }))).toBe('000003e975')
    expect(await dataOf(transport.transfer({ kind: 'read', length: 6 }))).toBe(answered)
    expect(await dataOf(transport.transfer({ kind: 'read', length: 8 }))).toBe(`${answered}ffff`)
  })

  it('tells a read without a response from a bus error', async () => {
    expect(await dataOf(transport.transfer({ kind: 'read', length: 5 }))).toBe('nack')
  })

  it('wakes the chip with no octets', async () => {
    expect(await dataOf(transport.transfer({ kind: 'write', data: new Uint8Array() }))).toBe('')
  })

  it('carries the longest frames', async () => {
    const frame = new Uint8Array(754)
    expect(await dataOf(transport.transfer({ kind: 'write', data: frame }))).toBe('')
    expect(await dataOf(transport.transfer({ kind: 'read', length: 756 }))).toHaveLength(2 * 756)
  })

  it('does nothing once its signal has fired', async () => {
    const signal = AbortSignal.abort()
    const work = transport.transfer({ kind: 'write', data: echo }, signal)
    await expect(work).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(await dataOf(transport.transfer({ kind: 'read', length: 5 }))).toBe('nack')
  })
})

/** A server that is no simulator. */
async function serveSocket(onClient: (socket: Socket) => void): Promise<Transport> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined).resume()
    onClient(socket)
  })
  const path = join(folder, 'other.sock')
  await new Promise<void>((resolve) => server.listen(path, resolve))
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  const transport = await openStreamTransport({ path }, { clock, timeoutMs: 50 })
  closing.push(() => transport.close())
  return transport
}

describe('a byte stream', () => {
  it('has one client; a second one finds the bus in use', async () => {
    const { address } = await serve(`unix:${join(folder, 'chip.sock')}`)
    const first = await openTransport(address, { clock })
    closing.push(() => first.close())
    await first.transfer({ kind: 'write', data: echo })
    const second = await openTransport(address, { clock })
    closing.push(() => second.close())
    await expect(second.transfer({ kind: 'write', data: echo })).rejects.toMatchObject({
      code: 'STSAFE_BUS_IN_USE',
    })
    expect(await dataOf(first.transfer({ kind: 'read', length: 6 }))).toBe(answered)
  })

  it('is closed when its end is over: the next client finds the bus free', async () => {
    const { address } = await serve(`unix:${join(folder, 'chip.sock')}`)
    for (let client = 0; client < 20; client++) {
      const transport = await openTransport(address, { clock })
      expect(await dataOf(transport.transfer({ kind: 'write', data: echo }))).toBe('')
      await transport.close()
      await transport.close()
    }
  })

  it('is closed in time by a server that keeps it open', async () => {
    const held: Socket[] = []
    const server = createServer({ allowHalfOpen: true }, (socket) => held.push(socket.resume()))
    const path = join(folder, 'half.sock')
    await new Promise<void>((resolve) => server.listen(path, resolve))
    const transport = await openStreamTransport({ path }, { clock, timeoutMs: 20 })
    await transport.close()
    for (const socket of held) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it('names the place where nobody listens', async () => {
    const path = join(folder, 'nobody.sock')
    await expect(openStreamTransport({ path }, { clock })).rejects.toMatchObject({
      code: 'STSAFE_BUS',
      message: expect.stringContaining(path),
    })
  })

  it.each([
    ['nonsense', '07'],
    ['more than one answer', '0101'],
    ['an answer beyond the limit', '00ffff'],
  ])('ends at %s', async (_, hex) => {
    const transport = await serveSocket((socket) =>
      socket.on('data', () => socket.write(fromHex(hex))),
    )
    const write = { kind: 'write', data: echo } as const
    await expect(transport.transfer(write)).rejects.toMatchObject({ code: 'STSAFE_BUS' })
    await expect(transport.transfer(write)).rejects.toMatchObject({ code: 'STSAFE_BUS' })
  })

  it('puts an answer in pieces together', async () => {
    const transport = await serveSocket((socket) =>
      socket.on('data', () => {
        socket.write(fromHex('00'))
        setImmediate(() => socket.write(fromHex('0002aa')))
        setTimeout(() => socket.write(fromHex('bb')), 5)
      }),
    )
    expect(await dataOf(transport.transfer({ kind: 'read', length: 2 }))).toBe('aabb')
  })

  it('ends when no answer comes in time', async () => {
    const transport = await serveSocket(() => undefined)
    await expect(transport.transfer({ kind: 'read', length: 5 })).rejects.toMatchObject({
      code: 'STSAFE_BUS',
      message: expect.stringContaining('50 ms'),
    })
  })
})

describe('a bus of Linux', () => {
  it('maps a missing acknowledge and other errors of the driver', async () => {
    for (const [code, kind] of [
      ['ENXIO', 'nack'],
      ['EREMOTEIO', 'nack'],
      ['EIO', 'bus-error'],
      ['EAGAIN', 'bus-error'],
    ] as const) {
      const transport = await openI2cTransport({ bus: 201, clock, driver: failing(code) })
      expect(await dataOf(transport.transfer({ kind: 'read', length: 5 }))).toBe(kind)
      expect(await dataOf(transport.transfer({ kind: 'write', data: echo }))).toBe(kind)
      await transport.close()
    }
  })

  it('takes a short transfer for a bus error, and has neither power nor reset line', async () => {
    const driver: I2cDriver = {
      openPromisified: async () => ({
        i2cWrite: async () => ({ bytesWritten: 1 }),
        i2cRead: async () => ({ bytesRead: 1 }),
        close: async () => undefined,
      }),
    }
    const transport = await openI2cTransport({ bus: 202, clock, driver })
    closing.push(() => transport.close())
    for (const request of [
      { kind: 'write', data: echo },
      { kind: 'read', length: 5 },
      { kind: 'reset' },
      { kind: 'power-cycle' },
    ] as const) {
      expect(await dataOf(transport.transfer(request))).toBe('bus-error')
    }
  })

  it('ends a transaction that never does, and lets nothing follow it', async () => {
    const bus = { i2cRead: never, i2cWrite: never, close: never }
    const driver: I2cDriver = { openPromisified: async () => bus }
    const transport = await openI2cTransport({ bus: 205, clock, driver, timeoutMs: 20 })
    closing.push(() => transport.close())
    for (let round = 0; round < 2; round++) {
      await expect(transport.transfer({ kind: 'read', length: 5 })).rejects.toMatchObject({
        code: 'STSAFE_BUS',
        message: expect.stringContaining('does not end'),
      })
    }
  })

  it('says how to install the driver where it is missing', async () => {
    vi.doMock('i2c-bus', () => {
      throw new Error('Cannot find package')
    })
    try {
      await expect(openTransport('i2c:///dev/i2c-203', { clock })).rejects.toMatchObject({
        code: 'STSAFE_DRIVER_MISSING',
        remedy: expect.stringContaining('npm install i2c-bus'),
      })
    } finally {
      vi.doUnmock('i2c-bus')
    }
  })

  it('says before the first transfer that there is no such bus', async () => {
    const opened = openTransport('i2c:///dev/i2c-203', { clock })
    if (await isInstalled('i2c-bus')) {
      await expect(opened).rejects.toMatchObject({
        code: 'STSAFE_BUS',
        message: expect.stringContaining('/dev/i2c-203'),
      })
    } else {
      await expect(opened).rejects.toMatchObject({ code: 'STSAFE_DRIVER_MISSING' })
    }
  })

  it('frees its lock when the bus cannot be opened', async () => {
    const driver: I2cDriver = {
      openPromisified: async () => {
        throw new Error('no such bus')
      },
    }
    for (let round = 0; round < 2; round++) {
      await expect(openI2cTransport({ bus: 204, clock, driver })).rejects.toMatchObject({
        code: 'STSAFE_BUS',
        message: expect.stringContaining('no such bus'),
      })
    }
  })
})

describe('the lock of a bus', () => {
  it('keeps another out, names its process, and is free afterwards', async () => {
    const lock = await takeBusLock('test-bus', clock)
    await expect(takeBusLock('test-bus', clock)).rejects.toMatchObject({
      code: 'STSAFE_BUS_IN_USE',
      message: `test-bus is in use by process ${process.pid}`,
    })
    await lock.release()
    const again = await takeBusLock('test-bus', clock)
    await again.release()
  })

  it('is free again when its process was killed', async () => {
    const holder = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen('\\0keyline-stsafe-lost-bus', () => console.log('held'))`,
    ])
    closing.push(async () => holder.kill('SIGKILL'))
    await once(holder.stdout, 'data')
    await expect(takeBusLock('lost-bus', clock)).rejects.toMatchObject({
      code: 'STSAFE_BUS_IN_USE',
      message: 'lost-bus is in use',
    })
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    const lock = await takeBusLock('lost-bus', clock)
    await lock.release()
  })

  it('survives a client that only connects', async () => {
    const lock = await takeBusLock('curious-bus', clock)
    const socket = connect('\0keyline-stsafe-curious-bus')
    await new Promise((resolve) => socket.once('close', resolve).resume())
    await lock.release()
  })
})

/** The driver is optional: this machine may have no compiler for it. */
function isInstalled(name: string): Promise<boolean> {
  return import(name).then(
    () => true,
    () => false,
  )
}
