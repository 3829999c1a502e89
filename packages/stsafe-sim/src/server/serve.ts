import { lstat, unlink } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { concat, startTimer, systemClock, type Clock } from '@keyline/bytes'
import {
  encodeBusAnswer,
  requestDeadlineMs,
  takeBusRequest,
  type BusAnswer,
  type BusRequest,
} from '@keyline/stsafe/layout'
import { StsafeSimError } from '../errors.ts'

/** What stands behind the socket: a chip on its bus, with or without faults. */
export interface ServedBus {
  answer(request: BusRequest): BusAnswer
}

export interface ServeOptions {
  readonly bus: ServedBus
  /** `unix:PATH` or `tcp:HOST:PORT`; port 0 takes a free one. The socket has no access control: keep it local. */
  readonly listen: string
  /** For the deadline of an incomplete request. */
  readonly clock?: Clock | undefined
  /** Is told when the bus throws, as it does when its state cannot be saved. The client gets a bus error and is left. */
  readonly onFailure?: ((error: unknown) => void) | undefined
}

export interface Served {
  /** As `listen` names it, with the port that was taken. */
  readonly address: string
  close(): Promise<void>
}

/**
 * Offers the bus of a chip as a byte stream (section 1.7), to one client at a time. The socket that a killed simulator has
 * left is replaced.
 * @throws StsafeSimError `SIM_LISTEN`
 */
export async function serveChip(options: ServeOptions): Promise<Served> {
  const { listen } = options
  const place = placeOf(listen)
  if ('path' in place) await removeDeadSocket(place.path)
  let client: Socket | undefined
  const server = createServer((socket) => {
    if (client !== undefined) {
      socket.destroy()
      return
    }
    client = socket
    socket.once('close', () => (client = undefined))
    converse(socket, options)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new StsafeSimError('SIM_LISTEN', `${listen}: ${cause.message}`, { cause }))
    })
    server.listen(place, resolve)
  })
  const taken = server.address()
  const address =
    typeof taken === 'object' && taken !== null ? `tcp:${taken.address}:${taken.port}` : listen
  return {
    address,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        client?.destroy()
      }),
  }
}

/** One client: requests in, an answer to each, in order. A stream that is out of step ends. */
function converse(socket: Socket, { bus, clock = systemClock, onFailure }: ServeOptions): void {
  let received: Uint8Array = new Uint8Array()
  let cancel: (() => void) | undefined
  const stopTimer = (): void => {
    cancel?.()
    cancel = undefined
  }
  const refuse = (): void => {
    stopTimer()
    received = new Uint8Array()
    socket.removeAllListeners('data')
    socket.end(encodeBusAnswer({ kind: 'bus-error' }))
  }
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('close', stopTimer)
  socket.on('data', (data: Uint8Array) => {
    received = received.length === 0 ? data : concat(received, data)
    for (;;) {
      if (received.length === 0) break
      const taken = takeBusRequest(received)
      if (taken === 'incomplete') break
      if (taken === 'malformed') {
        refuse()
        return
      }
      received = received.subarray(taken.length)
      stopTimer()
      try {
        socket.write(encodeBusAnswer(bus.answer(taken.message)))
      } catch (error) {
        refuse()
        if (onFailure === undefined) throw error
        onFailure(error)
        return
      }
    }
    if (received.length === 0) stopTimer()
    else cancel ??= startTimer(clock, requestDeadlineMs, refuse)
  })
}

type Place = { readonly path: string } | { readonly host: string; readonly port: number }

function placeOf(listen: string): Place {
  const unix = /^unix:(?:\/\/(?=\/))?(?<path>.+)$/.exec(listen)?.groups?.['path']
  if (unix !== undefined) return { path: unix }
  const { host, port } = /^tcp:(?:\/\/)?(?<host>[^/]+):(?<port>\d{1,5})$/.exec(listen)?.groups ?? {}
  if (host !== undefined && Number(port) <= 0xffff) return { host, port: Number(port) }
  throw new StsafeSimError('SIM_LISTEN', `${listen} is neither unix:PATH nor tcp:HOST:PORT`)
}

/** Nobody answers on it any more. A file that is no socket stays: connecting to one is refused, too. */
async function removeDeadSocket(path: string): Promise<void> {
  const file = await lstat(path).catch(() => undefined)
  if (file?.isSocket() !== true) return
  const isDead = await new Promise<boolean>((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'))
  })
  // Another simulator that starts may have been faster; then the place is free all the same.
  if (isDead) await unlink(path).catch(() => undefined)
}
