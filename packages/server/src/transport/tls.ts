import type { ServerOptions } from 'node:https'
import type { Secret } from '@keyline/bytes'
import { decodeUtf8 } from '@keyline/bytes'
import { pemEncode } from '@keyline/x509'
import { transportLimits, type TransportTimeouts } from './limits.ts'

/** What the server shows and whom it trusts. */
export interface TlsIdentity {
  /** X.509 DER, the server's own. */
  readonly certificate: Uint8Array
  /** PKCS#8 PEM. */
  readonly key: Secret
  /** X.509 DER of the CA that names the members. */
  readonly clientCa: Uint8Array
}

/** Certificate, key and CA as a secure context takes them. */
export function secureContext(identity: TlsIdentity): {
  readonly cert: string
  readonly key: string
  readonly ca: string
} {
  const clientCa = pemEncode('CERTIFICATE', identity.clientCa)
  return {
    cert: pemEncode('CERTIFICATE', identity.certificate) + clientCa,
    key: decodeUtf8(identity.key.reveal()),
    ca: clientCa,
  }
}

/**
 * TLS 1.3 alone. A client certificate is asked for and never demanded: each endpoint decides whom it serves,
 * and tells those whom it refuses why.
 */
export function serverOptions(identity: TlsIdentity, timeouts: TransportTimeouts): ServerOptions {
  return {
    ...secureContext(identity),
    minVersion: 'TLSv1.3',
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: timeouts.handshakeMs,
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, timeouts.headersMs),
    maxHeaderSize: transportLimits.headerOctets,
    noDelay: true,
  }
}
