import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { seededRandom, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { parseCertificate } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { HandClock } from '../../testing/hand-clock.ts'
import type { Principal } from '../endpoint.ts'
import { Credentials } from './credentials.ts'
import { proxySettings } from './settings.ts'
import { certify, signerExtensions } from './testing/authority.ts'
import { incomingWith } from './testing/ask.ts'
import { MemoryCredentials } from './testing/memory-credentials.ts'
import { TrustedProxy } from './trusted-proxy.ts'

const headers = { 'x-forwarded-user': 'alice@example.com', 'x-forwarded-groups': 'manager, staff' }

/** A connection whose peer has shown a certificate. */
function peerSocket(der: Uint8Array, isTrusted: boolean): TLSSocket {
  const socket = new TLSSocket(new Socket())
  return Object.assign(socket, {
    authorized: isTrusted,
    authorizationError: new Error('self-signed'),
    getPeerX509Certificate: () => ({ raw: der }),
  })
}

describe('a proxy in front of the service', () => {
  const proxy = new TrustedProxy(proxySettings.parse({}))

  it('is believed on a connection of its Unix socket, and nobody else is', () => {
    const socket = new Socket()
    expect(proxy.principalOf(incomingWith(headers, socket))).toBeUndefined()
    proxy.admit(socket)
    const alice: Principal = { name: 'alice@example.com', roles: ['manager'] }
    expect(proxy.principalOf(incomingWith(headers, socket))).toEqual(alice)
    expect(proxy.principalOf(incomingWith(headers, new Socket()))).toBeUndefined()
  })

  it('is believed with a certificate that was named and whose chain was accepted', async () => {
    const { der } = await certify({ commonName: 'proxy', extensions: signerExtensions })
    const spkiSha256 = toHex(sha256(parseCertificate(der).spki.der))
    const named = new TrustedProxy(proxySettings.parse({ peers: [spkiSha256] }))
    expect(named.principalOf(incomingWith(headers, peerSocket(der, true)))).toMatchObject({
      roles: ['manager'],
    })
    expect(named.principalOf(incomingWith(headers, peerSocket(der, false)))).toBeUndefined()
    expect(proxy.principalOf(incomingWith(headers, peerSocket(der, true)))).toBeUndefined()
    const other = await certify({ commonName: 'proxy', extensions: signerExtensions })
    expect(named.principalOf(incomingWith(headers, peerSocket(other.der, true)))).toBeUndefined()
  })

  it('gives the roles of the groups that were mapped, and none for others', () => {
    const groups = { staff: ['auditor', 'provisioner'] }
    const mapped = new TrustedProxy(proxySettings.parse({ groups }))
    const socket = new Socket()
    mapped.admit(socket)
    expect(mapped.principalOf(incomingWith(headers, socket))?.roles).toEqual([
      'provisioner',
      'auditor',
    ])
    const strange = { ...headers, 'x-forwarded-groups': 'constructor,__proto__' }
    expect(mapped.principalOf(incomingWith(strange, socket))?.roles).toEqual([])
    const alone = { 'x-forwarded-user': 'alice' }
    expect(mapped.principalOf(incomingWith(alone, socket))?.roles).toEqual([])
  })

  it('that names no user lets the credentials of the request decide', async () => {
    const socket = new Socket()
    proxy.admit(socket)
    const credentials = new Credentials({
      store: new MemoryCredentials(),
      clock: new HandClock(),
      random: seededRandom('proxy'),
      policy: 'production',
      proxy,
    })
    expect(await credentials.authenticate(undefined, incomingWith({}, socket))).toBeUndefined()
    expect(await credentials.authenticate(undefined, incomingWith(headers, socket))).toMatchObject({
      name: 'alice@example.com',
    })
    const elsewhere = incomingWith(headers, new Socket())
    expect(await credentials.authenticate(undefined, elsewhere)).toBeUndefined()
  })

  it('with a user that is no name is refused', () => {
    const socket = new Socket()
    proxy.admit(socket)
    const doubled = { ...headers, 'x-forwarded-user': 'alice, mallory' }
    expect(() => proxy.principalOf(incomingWith(doubled, socket))).toThrow('no name of a user')
  })
})
