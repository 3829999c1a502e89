import { createServer, connect, type Server } from 'node:net'
import type { Clock } from '@keyline/bytes'
import { StsafeError } from '../errors.ts'

/** Keeps other processes off a bus until it is released, or until this process ends, however it ends. */
export interface BusLock {
  release(): Promise<void>
}

/** How long the holder of a lock may take to tell its process number. */
const holderMs = 200

/**
 * Takes the lock of a bus. It is a socket in Linux's abstract namespace: the kernel gives it to one process alone and
 * takes it back with the process, so that no lock is ever left behind. Whoever connects is told the process number.
 * @throws StsafeError `STSAFE_BUS_IN_USE` naming the process that holds it
 */
export async function takeBusLock(bus: string, clock: Clock): Promise<BusLock> {
  const path = `\0keyline-stsafe-${bus}`
  const server = createServer((socket) => socket.on('error', () => undefined).end(`${process.pid}`))
  try {
    await clock.during(() => listen(server, path))
  } catch (cause) {
    const holder = await clock.during(() => askHolder(path))
    const message = `${bus} is in use${holder === undefined ? '' : ` by process ${holder}`}`
    throw new StsafeError('STSAFE_BUS_IN_USE', message, { cause })
  }
  server.unref()
  return { release: () => clock.during(() => close(server)) }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve())
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}

function askHolder(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path)
    let text = ''
    const done = (): void => {
      socket.destroy()
      resolve(/^\d{1,10}$/.test(text) ? text : undefined)
    }
    socket.setTimeout(holderMs, done)
    socket.on('data', (data) => {
      text += data.toString('latin1')
    })
    socket.once('end', done)
    socket.once('error', done)
  })
}
