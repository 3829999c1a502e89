import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { pemEncode } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import type { Credentials } from './support/call.ts'
import { startService, type TestService } from './support/service.ts'

interface Visit {
  readonly isReused: boolean
  readonly status: string
  readonly session: Buffer | undefined
}

/** One call on a connection of its own, which takes an earlier session up where one is given. */
async function visit(
  service: TestService,
  credentials: Credentials,
  session?: Buffer,
): Promise<Visit> {
  const ca = pemEncode('CERTIFICATE', service.serviceCa.certificate)
  const { port } = service.server
  const options = { host: 'localhost', servername: 'localhost', port, ca, ...credentials }
  const socket: TLSSocket = connect(session === undefined ? options : { ...options, session })
  let ticket: Buffer | undefined
  socket.on('session', (given: Buffer) => {
    ticket = given
  })
  await once(socket, 'secureConnect')
  socket.write('GET /v1/orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  let text = ''
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  const isReused = socket.isSessionReused()
  await once(socket, 'close')
  return { isReused, status: text.slice(9, 12), session: ticket }
}

describe('a TLS session that is taken up again', () => {
  it('is that of the same member, and ends with its rights', async () => {
    await using service = await startService()
    const credentials = await service.enrol('s1', 'station')
    const first = await visit(service, credentials)
    expect([first.isReused, first.status]).toEqual([false, '200'])
    const second = await visit(service, credentials, first.session)
    expect([second.isReused, second.status]).toEqual([true, '200'])

    const owner = await service.member('boss', 'owner')
    await owner.call({
      method: 'POST',
      path: '/v1/members/s1/block',
      headers: { 'content-type': 'application/json' },
      body: '{"reason":"stolen"}',
    })
    const third = await visit(service, credentials, first.session)
    expect([third.isReused, third.status]).toEqual([true, '403'])
  })
})
