import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { StationError } from '../errors.ts'
import type { Channel, Line } from './channel.ts'

/** A serial server that passes octets on as they are; line settings are its own. */
export function tcpLine(host: string, port: number): Line {
  return {
    open: () => openSocket(host, port),
    // Its end is told by the connection.
    isPresent: () => Promise.resolve(true),
    watchMs: 60_000,
  }
}

async function openSocket(host: string, port: number): Promise<Channel> {
  const socket = connect({ host, port, noDelay: true, keepAlive: true })
  try {
    await once(socket, 'connect')
  } catch (cause) {
    socket.destroy()
    throw new StationError('STATION_PORT_MISSING', `no serial server answers at ${host}:${port}`, {
      cause,
    })
  }
  socket.on('error', ignore)
  const pieces = socket.iterator({ destroyOnReturn: false })
  return {
    read: async () => {
      const piece = await pieces.next()
      return piece.done === true ? undefined : Uint8Array.from(Buffer.from(piece.value))
    },
    write: (octets) => write(socket, octets),
    discard: () => Promise.resolve(),
    close: () => {
      socket.destroy()
      return Promise.resolve()
    },
  }
}

/** The reader and the writer hear of an error by their own calls. */
function ignore(): void {}

function write(socket: Socket, octets: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(octets, (error) => (error ? reject(error) : resolve()))
  })
}
