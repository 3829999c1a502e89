import type { TLSSocket } from 'node:tls'
import { isKeylineError, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { parseCertificate } from '@keyline/x509'

/** The client certificate of a TLS session, read once. */
export interface Peer {
  /** X.509 DER. */
  readonly certificate: Uint8Array
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly spkiSha256: string
  /** DER of the name. */
  readonly subject: Uint8Array
  /** Milliseconds since 1970. */
  readonly notAfter: number
  /** Why the chain does not lead to the service CA; nothing when it does. */
  readonly problem?: string | undefined
}

const peers = new WeakMap<TLSSocket, Peer>()

/** Who stands at the other end; nothing without a client certificate. A session that goes on is looked at once. */
export function peerOf(socket: TLSSocket): Peer | undefined {
  const known = peers.get(socket)
  if (known !== undefined) return known
  const raw = socket.getPeerX509Certificate()?.raw
  if (raw === undefined) return undefined
  const peer = readPeer(Uint8Array.from(raw), socket)
  peers.set(socket, peer)
  return peer
}

function readPeer(der: Uint8Array, socket: TLSSocket): Peer {
  const problem = socket.authorized ? undefined : String(socket.authorizationError)
  try {
    const { spki, subject, notAfter } = parseCertificate(der)
    const spkiSha256 = toHex(sha256(spki.der))
    return { certificate: der, spkiSha256, subject, notAfter: notAfter.getTime(), problem }
  } catch (error) {
    if (!isKeylineError(error)) throw error
    const nothing = new Uint8Array()
    return {
      certificate: der,
      spkiSha256: '',
      subject: nothing,
      notAfter: 0,
      problem: error.message,
    }
  }
}
