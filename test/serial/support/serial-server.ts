import { once } from 'node:events'
import { createServer } from 'node:net'
import { createSerialPorts } from '@keyline/station'

/** A serial server in front of a tty: octets go through as they are. */
export async function serveTty(path: string): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((socket) => {
    void (async () => {
      const port = await createSerialPorts().open(path)
      socket.on('data', (octets) => void port.write(Buffer.from(octets)))
      socket.once('close', () => void port.close())
      for await (const octets of port.received) socket.write(octets)
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no address')
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}
