import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { encodeUtf8, systemClock, type Clock } from '@keyline/bytes'
import { createSerialPorts, findPort, type SerialPorts } from '@keyline/station'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { scaled } from '../support/scale.ts'
import { openTty } from './support/open-tty.ts'
import { serveTty } from './support/serial-server.ts'
import { complete, exchangeOver, openTtyBoard, type TtyBoard } from './support/tty-board.ts'

let ports: SerialPorts
let leaks: string[]

beforeEach(() => {
  leaks = []
  ports = createSerialPorts({ onAbandoned: ({ name, act }) => leaks.push(`${name} ${act}`) })
})

afterEach(() => {
  expect(leaks).toEqual([])
})

async function textFrom(received: AsyncIterable<Uint8Array>, length: number): Promise<string> {
  let text = ''
  for await (const octets of received) {
    text += Buffer.from(octets).toString('latin1')
    if (text.length >= length) break
  }
  return text
}

describe('a real tty', () => {
  it('carries every octet both ways as it is', async () => {
    const pty = await openTty()
    const all = Uint8Array.from({ length: 256 }, (_, index) => index)
    const heard: number[] = []
    pty.listen((octets) => heard.push(...octets))
    const port = await ports.open(pty.path)
    await port.write(all)
    await expect.poll(() => heard).toEqual([...all])
    pty.write(all)
    expect(await textFrom(port.received, 256)).toBe(Buffer.from(all).toString('latin1'))
    await port.close()
    pty.close()
  })

  it('forgets what had arrived before it was opened', async () => {
    const pty = await openTty()
    pty.write(encodeUtf8('finish:000\n'))
    const port = await ports.open(pty.path)
    pty.write(encodeUtf8('new'))
    expect(await textFrom(port.received, 3)).toBe('new')
    await port.close()
    pty.close()
  })

  it('is held by one station: another is told who is to blame', async () => {
    const pty = await openTty()
    const port = await ports.open(pty.path)
    await expect(createSerialPorts().open(pty.path)).rejects.toMatchObject({
      code: 'STATION_PORT_BUSY',
      remedy: expect.stringContaining('close'),
    })
    await port.close()
    const again = await createSerialPorts().open(pty.path)
    await again.close()
    pty.close()
  })

  it('that does not exist, or is none, is told', async () => {
    await expect(ports.open('/dev/ttyNONE7')).rejects.toMatchObject({
      code: 'STATION_PORT_MISSING',
    })
    await expect(ports.open('/dev/null')).rejects.toMatchObject({ code: 'STATION_PORT' })
  })

  it('carries a whole exchange', async () => {
    using board = await openTtyBoard()
    const { calls, error, uid } = await exchangeOver(ports, board.path)
    expect({ calls, error, uid }).toEqual({ calls: complete, error: undefined, uid: board.uid })
  })
})

describe('SER-1: a cable that is pulled', () => {
  it('at any octet of the dialogue ends it with an error, and disturbs no other board', async () => {
    using clean = await openTtyBoard({ seed: 'clean' })
    expect(await exchangeOver(ports, clean.path)).toMatchObject({ error: undefined })
    const length = clean.transcript.length
    const success = clean.transcript.lastIndexOf('finish:000') + 'finish:000'.length
    const samples = scaled(40, length)
    const places = Array.from({ length: samples }, (_, index) =>
      Math.max(1, Math.floor(((index + 1) * length) / samples)),
    )
    for (let first = 0; first < places.length; first += 8) {
      using neighbour = await openTtyBoard({ seed: `neighbour ${first}` })
      const [undisturbed, ...cut] = await Promise.all([
        exchangeOver(ports, neighbour.path),
        ...places.slice(first, first + 8).map((place) => unpluggedAt(place)),
      ])
      expect(undisturbed).toMatchObject({ calls: complete, error: undefined })
      for (const { place, error } of cut) {
        if (place < success)
          expect({ place, error }).toMatchObject({ error: { code: 'STATION_PORT' } })
      }
    }
  })
})

async function unpluggedAt(
  place: number,
): Promise<{ readonly place: number; readonly error: unknown }> {
  using board = await openTtyBoard({ seed: 'clean', unplugAt: place })
  const { error } = await exchangeOver(ports, board.path)
  return { place, error }
}

describe('SER-2: silence', () => {
  it('repeats Init every second and ends after 30, here in a tenth of the time', async () => {
    using board = await openTtyBoard({ fault: { name: 'silent', at: 1 } })
    const { error, ms } = await exchangeOver(ports, board.path, { clock: tenfold })
    expect(error).toMatchObject({ code: 'STATION_SYNC_TIMEOUT' })
    const inits = board.transcript.split('Init\n').length - 1
    expect(inits).toBeGreaterThan(1)
    expect(inits).toBeLessThanOrEqual(30)
    expect(ms).toBeGreaterThan(2990)
  })
})

/** True time, ten times as fast. */
const tenfold: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now() * 10,
  sleep: (ms, signal) => systemClock.sleep(ms / 10, signal),
  during: (work) => work(),
}

describe('SER-5: a flood', () => {
  it('ends at 64 KiB without a line end, whoever sends it', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end(new Uint8Array(2_000_000).fill(0x2e))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const port = await ports.open(`tcp://127.0.0.1:${addressOf(server).port}`)
    await expect(textFrom(port.received, 2_000_000)).rejects.toMatchObject({
      code: 'STATION_FLOOD',
    })
    await port.close()
    server.close()
    await once(server, 'close')
  })
})

describe('SER-8: ports that swap their names', () => {
  it('are found again by their probes; the old names would show another board', async () => {
    using left = await openTtyBoard({ seed: 'left' })
    using right = await openTtyBoard({ seed: 'right' })
    const swapped = [
      { serialNumber: 'LEFT', boardName: 'board', port: right.path },
      { serialNumber: 'RIGHT', boardName: 'board', port: left.path },
    ]
    const programmer = { list: () => Promise.resolve(swapped) }
    const signal = new AbortController().signal
    const name = await findPort(programmer, 'RIGHT', { clock: systemClock, signal })
    expect(await exchangeOver(ports, name)).toMatchObject({ error: undefined, uid: left.uid })
    expect(left.uid).not.toBe(right.uid)
  })
})

describe('SER-12: a hub that loses its power', () => {
  it('ends each dialogue by itself, and all go on when it is back', async () => {
    const boards: TtyBoard[] = []
    for (let slot = 0; slot < 6; slot++) boards.push(await openTtyBoard({ seed: `slot ${slot}` }))
    let waiting = boards.length
    const brownOut = (): void => {
      waiting--
      if (waiting === 0) for (const board of boards) board.unplug()
    }
    const ends = await Promise.all(
      boards.map((board) =>
        exchangeOver(ports, board.path, {
          beforeCommit: brownOut,
        }),
      ),
    )
    for (const board of boards) board[Symbol.dispose]()
    expect(waiting).toBe(0)
    for (const { error, calls } of ends) {
      expect(calls).not.toContain('proven')
      expect(error).toMatchObject({ code: 'STATION_PORT' })
    }
    using back = await openTtyBoard({ seed: 'slot 0' })
    expect(await exchangeOver(ports, back.path)).toMatchObject({ error: undefined })
  })
})

/** A tty at whose other end nobody reads. */
async function openDeafTty(): Promise<Disposable & { readonly path: string }> {
  const program = [
    'import os, pty, sys, tty',
    'other, own = pty.openpty()',
    'tty.setraw(own)',
    'print(os.ttyname(own), flush=True)',
    'sys.stdin.read()',
  ].join('\n')
  const child = spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [path]: unknown[] = await once(createInterface(child.stdout), 'line')
  return { path: String(path), [Symbol.dispose]: () => void child.kill() }
}

describe('SER-13: a line that stands still', () => {
  it('stops a write at its deadline, and is closed without a leak of its handle', async () => {
    using tty = await openDeafTty()
    const acts: string[] = []
    const hurried = createSerialPorts({
      limits: { writeMs: 100 },
      onAbandoned: ({ act }) => acts.push(act),
    })
    const port = await hurried.open(tty.path)
    // The buffers of the driver are full after a few of them.
    const written = Array.from({ length: 80 }, () => port.write(new Uint8Array(1024)))
    const results = await Promise.allSettled(written)
    const refused = results.find(({ status }) => status === 'rejected')
    expect(refused).toMatchObject({ reason: { code: 'STATION_PORT_STUCK' } })
    await port.close()
    expect(acts).toEqual(['write'])
    const again = await hurried.open(tty.path)
    await again.close()
  })

  it('is not stopped by XOFF: there is no flow control on this line', async () => {
    const pty = await openTty()
    const heard: number[] = []
    pty.listen((octets) => heard.push(...octets))
    const port = await ports.open(pty.path)
    pty.write(Uint8Array.of(0x13))
    expect(await textFrom(port.received, 1)).toBe('\x13')
    await port.write(encodeUtf8('Init\n'))
    await expect.poll(() => Buffer.from(heard).toString()).toBe('Init\n')
    await port.close()
    pty.close()
  })
})

describe('a serial server', () => {
  it('carries a whole exchange of a board that stands elsewhere', async () => {
    using board = await openTtyBoard()
    await using server = await serveTty(board.path)
    const { calls, error } = await exchangeOver(ports, `tcp://127.0.0.1:${server.port}`)
    expect({ calls, error }).toEqual({ calls: complete, error: undefined })
  })

  it('that ends in mid-run, or is not there, is told', async () => {
    const server = createServer((socket) => socket.resume().end('Start_')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const name = `tcp://127.0.0.1:${addressOf(server).port}`
    expect((await exchangeOver(ports, name)).error).toMatchObject({ code: 'STATION_PORT' })
    server.close()
    await once(server, 'close')
    await expect(ports.open(name)).rejects.toMatchObject({ code: 'STATION_PORT_MISSING' })
  })
})

function addressOf(server: Server): AddressInfo {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no address')
  return address
}
