import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import type { HostPort } from '@keyline/board'
import { LineSplitter, parseFrame } from '@keyline/matter/pxp'
import { openTty } from '../../serial/support/open-tty.ts'
import type { Place } from './search.ts'

/** A serial line as its far ends see it: a tty, and in front of it a TCP server that whoever calls talks through. */
export interface SerialRelay extends AsyncDisposable {
  /** TCP port. */
  readonly port: number
  /** What has passed the tty, as octets, and as the messages of the frames among them. */
  places(): readonly Place[]
}

export async function relaySerial(line: HostPort): Promise<SerialRelay> {
  const pty = await openTty()
  const toBoard: Uint8Array[] = []
  const toHost: Uint8Array[] = []
  pty.listen((octets) => {
    toBoard.push(octets)
    line.write(octets).catch(() => undefined)
  })
  void (async () => {
    for await (const octets of line.received) {
      toHost.push(Uint8Array.from(octets))
      pty.write(octets)
    }
  })()
  const reader = createReadStream(pty.path)
  const writer = createWriteStream(pty.path)
  reader.on('error', () => undefined)
  writer.on('error', () => undefined)
  const callers = new Set<Socket>()
  const server = createServer((caller) => {
    callers.add(caller)
    caller.on('error', () => undefined)
    caller.on('data', (octets) => writer.write(octets))
    reader.on('data', (octets) => caller.write(octets))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the relay has no port')
  return {
    port: address.port,
    places: () =>
      Object.entries({ 'to the board': toBoard, 'to the host': toHost }).flatMap(
        ([direction, pieces]) => {
          const octets = Buffer.concat(pieces)
          return [
            { name: `tty, ${direction}`, octets },
            { name: `messages, ${direction}`, octets: messagesIn(octets) },
          ]
        },
      ),
    async [Symbol.asyncDispose]() {
      for (const caller of callers) caller.destroy()
      server.close()
      await line.close()
      pty.close()
      reader.destroy()
      writer.destroy()
    },
  }
}

/** Payloads of all frames, in their order: a secret may stand across two of them. */
function messagesIn(octets: Uint8Array): Uint8Array {
  const payloads = new LineSplitter().push(octets).flatMap((text) => {
    const parsed = parseFrame(text)
    return parsed.ok ? [parsed.frame.payload] : []
  })
  return Buffer.concat(payloads)
}

/** The port of a host at a TCP address. */
export async function openTcpPort(port: number): Promise<HostPort> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return {
    received: untilClosed(socket),
    async write(octets) {
      socket.write(octets)
    },
    async close() {
      socket.destroy()
    },
  }
}

/** A closed port ends what was received; it is no error. */
async function* untilClosed(socket: Socket): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const octets of socket) yield Uint8Array.from(Buffer.from(octets))
  } catch {
    return
  }
}
