import { writeFile, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { createServer, request, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listenForProxy } from './proxy-socket.ts'
import { proxySettings } from './settings.ts'
import { TrustedProxy } from './trusted-proxy.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proxy-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A service that answers with the name that it believes. */
function service() {
  const proxy = new TrustedProxy(proxySettings.parse({}))
  const server = createServer((incoming, outgoing) => {
    outgoing.end(proxy.principalOf(incoming)?.name ?? 'nobody')
  })
  return { proxy, server }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function answerOf(where: { readonly socketPath: string } | { readonly port: number }) {
  return new Promise<string>((resolve, reject) => {
    const headers = { 'X-Forwarded-User': 'alice' }
    const asked = request({ ...where, headers, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => (text += part))
      answer.on('end', () => resolve(text))
    })
    asked.on('error', reject)
    asked.end()
  })
}

describe('the socket of the proxy', () => {
  it('brings users that are believed, which a port does not', async () => {
    const { proxy, server } = service()
    const file = join(folder, 'a.sock')
    await listenForProxy(server, file, proxy)
    expect((await stat(file)).mode & 0o777).toBe(0o660)
    expect(await answerOf({ socketPath: file })).toBe('alice')
    await close(server)

    const open = createServer((incoming, outgoing) => {
      outgoing.end(proxy.principalOf(incoming)?.name ?? 'nobody')
    })
    const port = await new Promise<number>((resolve) => {
      open.listen(0, '127.0.0.1', () => {
        const address = open.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
    expect(await answerOf({ port })).toBe('nobody')
    await close(open)
  })

  it('is taken over when the service that made it is gone', async () => {
    const file = join(folder, 'c.sock')
    const killed = service()
    await listenForProxy(killed.server, `${file}.new`, killed.proxy)
    // Under another name, so that its end does not take it away.
    await rename(`${file}.new`, file)
    await close(killed.server)
    expect((await stat(file)).isSocket()).toBe(true)
    const next = service()
    await listenForProxy(next.server, file, next.proxy)
    expect(await answerOf({ socketPath: file })).toBe('alice')
    await close(next.server)
  })

  it('is not taken from a service that still listens, nor from a file', async () => {
    const file = join(folder, 'b.sock')
    const one = service()
    await listenForProxy(one.server, file, one.proxy)
    const other = service()
    await expect(listenForProxy(other.server, file, other.proxy)).rejects.toMatchObject({
      code: 'SERVER_ADDRESS',
    })
    expect(await answerOf({ socketPath: file })).toBe('alice')
    await close(one.server)
    const plain = join(folder, 'plain')
    await writeFile(plain, 'kept')
    await expect(listenForProxy(service().server, plain, other.proxy)).rejects.toThrow('socket')
    expect((await stat(plain)).size).toBe(4)
  })
})
