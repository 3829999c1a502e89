import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { decodeUtf8, type Secret } from '@keyline/bytes'
import {
  transportLimits,
  transportTimeouts,
  type TransportTimeouts,
} from '../../transport/limits.ts'

/** What the service shows, and whose clients it knows. Certificates are PEM. */
export interface VerifierTls {
  /** Certificate of the service, with those between it and the root. */
  readonly certificate: string
  /** PEM. */
  readonly key: Secret
  /** Authority of clients that authenticate with a certificate. */
  readonly clientCa?: string | undefined
  /** TLS 1.3 unless given; public clients such as evcli may need 1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
}

export interface ListenerOptions {
  readonly tls?: VerifierTls | undefined
  readonly timeouts?: Partial<TransportTimeouts> | undefined
}

/** A server for HTTP, or for HTTPS where there is a certificate. */
export function createListener(
  { tls, timeouts }: ListenerOptions,
  onRequest: RequestListener,
): Server {
  const { handshakeMs, headersMs, requestMs, keepAliveMs } = { ...transportTimeouts, ...timeouts }
  const options: ServerOptions = {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, headersMs),
    maxHeaderSize: transportLimits.headerOctets,
    noDelay: true,
  }
  const server =
    tls === undefined
      ? createServer(options, onRequest)
      : createSecureServer(
          {
            ...options,
            cert: tls.certificate,
            key: decodeUtf8(tls.key.reveal()),
            ca: tls.clientCa,
            minVersion: tls.minVersion ?? 'TLSv1.3',
            requestCert: tls.clientCa !== undefined,
            rejectUnauthorized: false,
            handshakeTimeout: handshakeMs,
          },
          onRequest,
        )
  // Lines are counted at the gate, which answers in our form; what the runtime holds of them is bounded by their octets.
  server.maxHeadersCount = 0
  server.maxConnections = transportLimits.connections
  server.on('tlsClientError', () => undefined)
  return server
}
