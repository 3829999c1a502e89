import { createServer, type Socket } from 'node:net'
import type { RequestListener } from 'node:http'
import { describe, expect, it } from 'vitest'
import {
  listening,
  TestCa,
  tlsServer,
  transportTo,
} from '../../../../test/client/support/tls-parties.ts'

const request = { method: 'GET', path: '/' } as const
const ca = new TestCa()
const [caPem, party] = await Promise.all([ca.certificate(), ca.party()])

/** What becomes of a call of a server that answers like this. */
async function callOf(listener: RequestListener, timeoutMs = 10_000): Promise<unknown> {
  await using server = await tlsServer(party, listener)
  const transport = transportTo(server.port, caPem)
  try {
    return await transport.exchange(request, { timeoutMs }).catch((error: unknown) => error)
  } finally {
    transport.close()
  }
}

const unreachable = { code: 'ISSUER_UNREACHABLE', fault: 'infrastructure', retryable: true }
const malformed = { code: 'ISSUER_ANSWER_MALFORMED', fault: 'infrastructure', retryable: false }

/** Fault matrix, PKI-1. */
describe('a server that is not there', () => {
  it('is unreachable behind a closed port, and in a name that does not resolve', async () => {
    const { port } = await listening(createServer()).then(async (gone) => {
      await gone[Symbol.asyncDispose]()
      return gone
    })
    const closed = transportTo(port, caPem)
    const call = closed.exchange(request, { timeoutMs: 10_000 })
    await expect(call).rejects.toMatchObject(unreachable)
  })

  it('is unreachable when it never answers the handshake', async () => {
    const sockets: Socket[] = []
    await using silent = await listening(createServer((socket) => void sockets.push(socket)))
    const transport = transportTo(silent.port, caPem)
    const call = transport.exchange(request, { timeoutMs: 100 })
    await expect(call).rejects.toMatchObject(unreachable)
    for (const socket of sockets) socket.destroy()
  })
})

/** Fault matrix, PKI-2. */
describe('a server that is slow', () => {
  it.each<[string, RequestListener]>([
    ['never begins', () => undefined],
    ['never ends', (_, answer) => void answer.write('x')],
    [
      'trickles without end',
      (_, answer) => {
        const timer = setInterval(() => answer.write('x'), 5)
        answer.on('close', () => clearInterval(timer))
      },
    ],
  ])('and %s is given up at the deadline', async (_, listener) => {
    const start = performance.now()
    expect(await callOf(listener, 150)).toMatchObject(unreachable)
    expect(performance.now() - start).toBeLessThan(5_000)
  })

  it('is left at once when the work is interrupted', async () => {
    const stop = new AbortController()
    await using server = await tlsServer(party, () => stop.abort())
    const transport = transportTo(server.port, caPem)
    const call = transport.exchange(request, { timeoutMs: 60_000, signal: stop.signal })
    await expect(call).rejects.toMatchObject({ code: 'INTERRUPTED' })
    transport.close()
  })
})

/** Fault matrix, PKI-8. */
describe('an answer', () => {
  it.each<[string, RequestListener, object]>([
    [
      'that is cut',
      (_, answer) => {
        answer.writeHead(200, { 'content-length': '100' })
        answer.write('x', () => answer.destroy())
      },
      unreachable,
    ],
    ['that is nothing', (_, answer) => void answer.destroy(), unreachable],
    ['of more than 64 KiB', (_, answer) => void answer.end('x'.repeat(65_537)), malformed],
    [
      'without an end',
      (_, answer) => {
        const more = (): void => {
          if (!answer.destroyed) answer.write('x'.repeat(16_384), more)
        }
        more()
      },
      malformed,
    ],
    [
      'with a head of 64 KiB',
      (_, answer) => {
        answer.setHeader('x', 'x'.repeat(65_536))
        answer.end()
      },
      malformed,
    ],
    ['that is not HTTP', ({ socket }) => void socket.end('hello\r\n\r\n'), malformed],
  ])('%s has a name', async (_, listener, expected) => {
    expect(await callOf(listener)).toMatchObject(expected)
  })

  it('of up to 64 KiB is whole', async () => {
    const answer = await callOf((_, outgoing) => void outgoing.end('x'.repeat(65_536)))
    expect(answer).toMatchObject({ status: 200, body: { length: 65_536 } })
  })

  it('in octets that are no TLS has a name', async () => {
    await using garbage = await listening(
      createServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => socket.end(Uint8Array.of(22, 3, 3, 0, 4, 255, 255, 255, 255)))
      }),
    )
    const transport = transportTo(garbage.port, caPem)
    const call = transport.exchange(request, { timeoutMs: 10_000 })
    await expect(call).rejects.toMatchObject({ fault: 'infrastructure' })
    transport.close()
  })
})
