import { chmod, lstat, unlink } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { ServerError } from '../../errors.ts'
import type { TrustedProxy } from './trusted-proxy.ts'

/** Owner and group: the proxy runs in the group of the service. */
const mode = 0o660

/**
 * Listens on the Unix socket of the proxy, whose every connection is the proxy's. A socket that a killed service has left
 * behind is taken over; one that is served is not.
 * @param server that serves nobody else
 * @param file in a directory that lets nobody but service and proxy in
 * @throws ServerError `SERVER_ADDRESS`
 */
export async function listenForProxy(
  server: Server,
  file: string,
  proxy: TrustedProxy,
): Promise<void> {
  server.on('connection', (socket) => proxy.admit(socket))
  try {
    if (await isAbandoned(file)) await unlink(file)
    await listening(server, file)
    await chmod(file, mode)
  } catch (cause) {
    const message = `cannot listen on the socket ${file} of the proxy`
    throw new ServerError('SERVER_ADDRESS', message, {
      cause,
      remedy: 'name a socket in a directory of the service where no other one listens',
    })
  }
}

function listening(server: Server, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(file, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** A socket behind which nobody listens. A file that is something else is never one. */
async function isAbandoned(file: string): Promise<boolean> {
  const found = await lstat(file).catch(() => undefined)
  return found?.isSocket() === true && (await isRefused(file))
}

function isRefused(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(file)
    probe.once('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.once('error', (error) => {
      resolve('code' in error && error.code === 'ECONNREFUSED')
    })
  })
}
