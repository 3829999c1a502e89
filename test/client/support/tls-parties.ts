import { createServer, type Server, type ServerOptions } from 'node:https'
import type { RequestListener } from 'node:http'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { encodeUtf8, Secret } from '@keyline/bytes'
import { generateP256, keyPairSigner, p256ToPkcs8, type P256KeyPair } from '@keyline/crypto'
import { createHttpsTransport, type ClientCredentials } from '@keyline/issuer/client'
import {
  basicConstraints,
  buildCertificate,
  derOid,
  derSequence,
  derTaggedPrimitive,
  keyUsage,
  name,
  Oid,
  pemEncode,
  type Extension,
} from '@keyline/x509'

const day = 86_400_000
export const purposes = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const

function inDays(days: number): Date {
  return new Date(Math.floor((Date.now() + days * day) / 1000) * 1000)
}

export interface Party {
  /** PEM. */
  readonly certificate: string
  readonly key: string
}

export interface PartyOptions {
  readonly hostName?: string
  readonly purpose?: string
  /** Days from now. */
  readonly from?: number
  readonly until?: number
}

/** A CA that exists for one test. */
export class TestCa {
  readonly #pair = generateP256()
  readonly #name = name([{ type: Oid.commonName, value: 'Test service CA' }])

  /** PEM. */
  async certificate(): Promise<string> {
    const extensions = [basicConstraints({ ca: true }), keyUsage(['keyCertSign'])]
    return this.#certify(this.#pair, this.#name, extensions, {})
  }

  async party(options: PartyOptions = {}): Promise<Party> {
    const { hostName = 'localhost', purpose = purposes.server } = options
    const pair = generateP256()
    const subject = name([{ type: Oid.commonName, value: hostName }])
    const extensions: readonly Extension[] = [
      basicConstraints({ ca: false }),
      keyUsage(['digitalSignature']),
      { oid: Oid.extendedKeyUsage, critical: false, value: derSequence(derOid(purpose)) },
      {
        oid: Oid.subjectAltName,
        critical: false,
        value: derSequence(derTaggedPrimitive(2, encodeUtf8(hostName))),
      },
    ]
    using key = p256ToPkcs8(pair)
    return {
      certificate: await this.#certify(pair, subject, extensions, options),
      key: pemEncode('PRIVATE KEY', key.reveal()),
    }
  }

  async #certify(
    pair: P256KeyPair,
    subject: Uint8Array,
    extensions: readonly Extension[],
    { from = -1, until = 30 }: PartyOptions,
  ): Promise<string> {
    const der = await buildCertificate({
      serialNumber: Uint8Array.of(1),
      issuer: this.#name,
      subject,
      notBefore: inDays(from),
      notAfter: inDays(until),
      publicKey: pair.publicKey,
      extensions,
      signer: keyPairSigner(this.#pair),
    })
    return pemEncode('CERTIFICATE', der)
  }
}

export function credentialsOf({ certificate, key }: Party): ClientCredentials {
  return { certificate, key: new Secret(encodeUtf8(key)) }
}

/** A server that listens on a free port until it is disposed. */
export async function listening<T extends NetServer>(
  server: T,
): Promise<AsyncDisposable & { readonly server: T; readonly port: number }> {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const address: string | AddressInfo | null = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  const close = (): Promise<void> =>
    new Promise((closed) => {
      server.close(() => closed())
      if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') {
        server.closeAllConnections()
      }
    })
  return { server, port: address.port, [Symbol.asyncDispose]: close }
}

export function tlsServer(
  party: Party,
  listener: RequestListener,
  options: ServerOptions = {},
): Promise<AsyncDisposable & { readonly server: Server; readonly port: number }> {
  const { certificate: cert, key } = party
  return listening(createServer({ cert, key, ...options }, listener))
}

export function transportTo(port: number, ca: string, credentials?: ClientCredentials) {
  return createHttpsTransport({ url: `https://localhost:${port}`, ca, credentials })
}
