import { equalOctets, systemClock, type Clock } from '@keyline/bytes'
import type { P256PublicKey } from '@keyline/crypto'
import { IssuerError } from '../errors.ts'
import type { HeldSigner, KeyCustody } from './held-signer.ts'
import { SignerConnection, type SignerLine } from './signer-connection.ts'

export interface SignerClientOptions {
  /** `unix:` and the path of the socket. */
  readonly address: string
  readonly clock?: Clock | undefined
  /** How long greeting and signature may take; 10 000 ms unless given. */
  readonly timeoutMs?: number | undefined
}

const scheme = 'unix:'
const defaultTimeoutMs = 10_000

export function isSignerAddress(text: string): boolean {
  return text.startsWith(scheme)
}

/** Path of the socket. @throws IssuerError `ISSUER_KEY_URI` */
export function signerSocketPath(address: string): string {
  const path = address.slice(scheme.length)
  if (isSignerAddress(address) && /^\/|^[^/:]/.test(path) && !path.includes('\0')) return path
  throw new IssuerError('ISSUER_KEY_URI', 'the address of a signer must be unix: and a path')
}

/**
 * Connects to a signer process. Its public key comes with the greeting and stays the one that counts: after a lost
 * connection the next signature connects again, and a process with another key is refused.
 * @throws IssuerError `ISSUER_KEY_URI`, `ISSUER_SIGNER_FAILED`
 */
export async function connectSigner(options: SignerClientOptions): Promise<HeldSigner> {
  const path = signerSocketPath(options.address)
  const { clock = systemClock, timeoutMs = defaultTimeoutMs } = options
  const line = { path, clock, timeoutMs }
  const first = await SignerConnection.open(line)
  return new SignerClient(line, first)
}

class SignerClient implements HeldSigner {
  readonly publicKey: P256PublicKey
  readonly custody: KeyCustody
  readonly #line: SignerLine
  #connection: SignerConnection
  #opening: Promise<SignerConnection> | undefined
  #isClosed = false

  constructor(line: SignerLine, connection: SignerConnection) {
    this.#line = line
    this.#connection = connection
    this.publicKey = connection.publicKey
    this.custody = connection.custody
  }

  /** @throws IssuerError `ISSUER_SIGNER_FAILED`, and what the signer refuses with: `ISSUER_SIGNER_LIMIT`, `ISSUER_SIGNER_REFUSED` */
  async sign(message: Uint8Array): Promise<Uint8Array> {
    const connection = await this.#connected()
    return connection.sign(message)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#connection.end()
    const late = await this.#opening?.catch(() => undefined)
    late?.end()
  }

  async #connected(): Promise<SignerConnection> {
    if (this.#isClosed) {
      throw new IssuerError('ISSUER_SIGNER_FAILED', 'the connection to the signer is closed')
    }
    if (this.#connection.isOpen) return this.#connection
    this.#opening ??= this.#again().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #again(): Promise<SignerConnection> {
    const connection = await SignerConnection.open(this.#line)
    if (!equalOctets(connection.publicKey.point, this.publicKey.point)) {
      connection.end()
      throw new IssuerError('ISSUER_SIGNER_FAILED', 'the signer came back with another key')
    }
    this.#connection = connection
    return connection
  }
}
