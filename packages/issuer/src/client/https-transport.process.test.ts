import { createServer as createPlainServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { startOpensslServer } from '../../../../test/client/support/openssl-server.ts'
import {
  credentialsOf,
  listening,
  purposes,
  TestCa,
  tlsServer,
  transportTo,
  type PartyOptions,
} from '../../../../test/client/support/tls-parties.ts'
import { createHttpsTransport } from './https-transport.ts'

const request = { method: 'GET', path: '/readyz' } as const
const timeoutMs = 10_000
const ca = new TestCa()
const caPem = await ca.certificate()

/** Fault matrix, PKI-9. */
describe('a server', () => {
  it('of the pinned CA is believed, and sees the certificate of the station', async () => {
    const station = await ca.party({ hostName: 'station-1', purpose: purposes.client })
    const seen: boolean[] = []
    const mutual = { ca: caPem, requestCert: true, rejectUnauthorized: true }
    await using server = await tlsServer(
      await ca.party(),
      ({ socket }, answer) => {
        seen.push('authorized' in socket && socket.authorized === true)
        answer.end('ready')
      },
      mutual,
    )
    const transport = transportTo(server.port, caPem, credentialsOf(station))
    const connections: unknown[] = []
    server.server.on('secureConnection', (socket) => connections.push(socket))
    for (let call = 0; call < 3; call++) {
      const answer = await transport.exchange(request, { timeoutMs })
      expect(answer.status).toBe(200)
      expect(new TextDecoder().decode(answer.body)).toBe('ready')
    }
    expect(seen).toEqual([true, true, true])
    expect(connections).toHaveLength(1)
    transport.close()
  })

  it('is heard with its status and its headers, of which one that comes twice counts once', async () => {
    await using server = await tlsServer(await ca.party(), (_request, answer) => {
      answer.setHeader('retry-after', '7')
      answer.setHeader('set-cookie', ['a=1', 'b=2'])
      answer.writeHead(503).end()
    })
    const transport = transportTo(server.port, caPem)
    const answer = await transport.exchange(request, { timeoutMs })
    expect(answer.status).toBe(503)
    expect(answer.header('retry-after')).toBe('7')
    expect(answer.header('set-cookie')).toBe('a=1')
    expect(answer.header('content-type')).toBeUndefined()
    transport.close()
  })

  it.each([
    'http://localhost:8443',
    'https://user:secret@localhost',
    'https://localhost/path',
    'localhost:8443',
    'no address',
  ])('is not looked for at %s', (url) => {
    expect(() => createHttpsTransport({ url, ca: caPem })).toThrow(
      expect.objectContaining({
        code: 'ISSUER_REFUSED',
        remedy: expect.stringContaining('https://host:port'),
      }),
    )
  })

  it.each<[string, PartyOptions, boolean]>([
    ['of another CA', {}, true],
    ['for another name', { hostName: 'elsewhere.example' }, false],
    ['that has expired', { from: -30, until: -1 }, false],
    ['that is not valid yet', { from: 1, until: 30 }, false],
    ['that is for clients', { purpose: purposes.client }, false],
  ])('with a certificate %s is told nothing', async (_, options, isStranger) => {
    const party = await (isStranger ? new TestCa() : ca).party(options)
    let requests = 0
    await using server = await tlsServer(party, (_request, answer) => {
      requests++
      answer.end()
    })
    const transport = transportTo(server.port, caPem)
    await expect(transport.exchange(request, { timeoutMs })).rejects.toMatchObject({
      code: 'ISSUER_SERVER_UNTRUSTED',
      fault: 'operator',
      retryable: false,
    })
    expect(requests).toBe(0)
    transport.close()
  })

  it('that speaks no TLS 1.3 is told nothing', async () => {
    await using server = await tlsServer(await ca.party(), (_request, answer) => answer.end(), {
      maxVersion: 'TLSv1.2',
    })
    const transport = transportTo(server.port, caPem)
    await expect(transport.exchange(request, { timeoutMs })).rejects.toMatchObject({
      code: 'ISSUER_SERVER_UNTRUSTED',
    })
    transport.close()
  })

  it('that speaks no TLS at all is told nothing', async () => {
    await using plain = await listening(createPlainServer((_request, answer) => answer.end()))
    const transport = transportTo(plain.port, caPem)
    await expect(transport.exchange(request, { timeoutMs })).rejects.toMatchObject({
      fault: expect.stringMatching(/operator|infrastructure/),
    })
    transport.close()
  })

  it('is told nothing by a station whose own certificate has expired', async () => {
    const expired = await ca.party({ purpose: purposes.client, from: -30, until: -1 })
    let connections = 0
    await using server = await tlsServer(await ca.party(), (_request, answer) => answer.end())
    server.server.on('connection', () => connections++)
    const transport = transportTo(server.port, caPem, credentialsOf(expired))
    await expect(transport.exchange(request, { timeoutMs })).rejects.toMatchObject({
      code: 'ISSUER_STATION_UNTRUSTED',
      fault: 'operator',
    })
    expect(connections).toBe(0)
    transport.close()
  })

  it('that nobody here wrote refuses a station of another CA, and the station says so', async () => {
    const { certificate, key } = await ca.party()
    const stranger = await new TestCa().party({ purpose: purposes.client })
    await using server = await startOpensslServer(
      { 'server.pem': certificate + key, 'ca.pem': caPem },
      ['-cert', 'server.pem', '-CAfile', 'ca.pem', '-Verify', '1', '-verify_return_error', '-www'],
    )
    const transport = transportTo(server.port, caPem, credentialsOf(stranger))
    await expect(transport.exchange(request, { timeoutMs })).rejects.toMatchObject({
      code: 'ISSUER_STATION_UNTRUSTED',
    })
    transport.close()
  })
})
