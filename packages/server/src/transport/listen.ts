import type { Server } from 'node:http'
import { ServerError } from '../errors.ts'

/** Listens. @returns the port, which port 0 leaves to the machine. @throws ServerError `SERVER_ADDRESS` */
export function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      const why = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be used: ${cause.message}`
      reject(new ServerError('SERVER_ADDRESS', `${host}:${port} ${why}`, { cause }))
    }
    server.once('error', onError)
    server.listen(port, host, () => {
      server.off('error', onError)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

/** Takes no new connection and lets what is in flight end; what takes longer than `graceMs` is cut off. */
export function stopListening(
  server: Server,
  graceMs: number,
  ending: AbortController,
): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      ending.abort()
      server.closeAllConnections()
    }, graceMs)
    server.close(() => {
      clearTimeout(timer)
      ending.abort()
      resolve()
    })
    server.closeIdleConnections()
  })
}
