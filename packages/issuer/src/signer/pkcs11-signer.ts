import { equalOctets, isKeylineError, type Random, type Secret } from '@keyline/bytes'
import { sha256, type P256PublicKey } from '@keyline/crypto'
import { derInteger, derSequence } from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import type { HeldSigner, KeyCustody } from './held-signer.ts'
import {
  openPkcs11Module,
  pkcs11Code,
  pkcs11Name,
  type Handle,
  type Pkcs11Module,
} from './pkcs11-module.ts'
import { nameOf, Pkcs11Token, type TokenKey } from './pkcs11-token.ts'
import type { Pkcs11Uri } from './pkcs11-uri.ts'

export interface Pkcs11SignerOptions {
  /** The key, its token and, unless `modulePath` is given, its module. */
  readonly key: Pkcs11Uri
  /** Shared library of the module, in place of the one that the key names. */
  readonly modulePath?: string | undefined
  /** Taken over: it is kept for a login after the token was away, and wiped when the signer is closed. */
  readonly pin: Secret
  /**
   * Signatures that the module makes at once; 2 unless given. Each takes a thread of the pool of Node.js while it lasts,
   * so a module that hangs must not get all four of them.
   */
  readonly sessions?: number | undefined
}

interface PooledSession {
  readonly handle: Handle
  readonly opening: number
}

interface Waiting {
  readonly resolve: (session: PooledSession) => void
  readonly reject: (error: IssuerError) => void
}

const defaultSessions = 2
const longestQueue = 4096

/**
 * Opens a key in a PKCS#11 module. The key never enters this process as far as the module keeps it.
 * @throws IssuerError `ISSUER_MODULE`, `ISSUER_TOKEN`, `ISSUER_PIN`, `ISSUER_SIGNER_FAILED`
 */
export async function openPkcs11Signer(options: Pkcs11SignerOptions): Promise<Pkcs11Signer> {
  const module = await openPkcs11Module(requireModulePath(options))
  try {
    return new Pkcs11Signer(module, options)
  } catch (cause) {
    module.release()
    throw failure('the PKCS#11 module failed', cause)
  }
}

/**
 * Makes a key on P-256 inside a token, sensitive and not extractable, and opens it. A key of the same name is never
 * replaced. The identifier (CKA_ID) is drawn unless the name has one.
 * @throws IssuerError `ISSUER_MODULE`, `ISSUER_TOKEN`, `ISSUER_PIN`, `ISSUER_SIGNER_FAILED`
 */
export async function makePkcs11Key(
  options: Pkcs11SignerOptions & { readonly random: Random },
): Promise<{ readonly signer: Pkcs11Signer; readonly key: Pkcs11Uri }> {
  const { key: asked, pin, random } = options
  const { object, id = random.bytes(16) } = asked
  if (object === undefined) {
    throw new IssuerError('ISSUER_KEY_URI', 'a new key needs a label: object is missing')
  }
  const module = await openPkcs11Module(requireModulePath(options))
  try {
    const token = new Pkcs11Token(module, asked, pin, true)
    try {
      const { CKO_PRIVATE_KEY } = module.names
      const isTaken = [{ object }, { id }].some(
        (name) => token.find(token.session(), CKO_PRIVATE_KEY, name).length > 0,
      )
      if (isTaken) {
        const message = `the token has a key named ${nameOf(asked)} already; none is replaced`
        throw new IssuerError('ISSUER_TOKEN', message, { remedy: 'choose another object and id' })
      }
      token.generate({ object, id })
    } finally {
      token.close()
    }
    const key = { ...asked, object, id }
    return { signer: await openPkcs11Signer({ ...options, key }), key }
  } catch (cause) {
    throw failure('the PKCS#11 module makes no key', cause)
  } finally {
    module.release()
  }
}

/** A signer over a key in a PKCS#11 module. Made by `openPkcs11Signer`. */
export class Pkcs11Signer implements HeldSigner {
  readonly publicKey: P256PublicKey
  readonly custody: KeyCustody
  readonly #module: Pkcs11Module
  readonly #options: Pkcs11SignerOptions
  readonly #waiting: Waiting[] = []
  /** Calls that are with the module, which must not be ended under them. */
  readonly #running = new Set<Promise<unknown>>()
  #token: Pkcs11Token
  #key: TokenKey
  #idle: PooledSession[] = []
  /** Grows with each loss, so that many failures of one loss open the token again once. */
  #opening = 0
  #isLost = false
  #reopening: Promise<void> | undefined
  #refusedPin: IssuerError | undefined
  #isClosed = false

  constructor(module: Pkcs11Module, options: Pkcs11SignerOptions) {
    this.#module = module
    this.#options = options
    const { token, key, sessions } = this.#open()
    this.#token = token
    this.#key = key
    this.#pool(sessions)
    this.publicKey = key.publicKey
    this.custody = key.isExtractable ? 'extractable' : 'module'
  }

  /**
   * ECDSA with SHA-256, DER. After a loss of session or token it is opened again, once.
   * @throws IssuerError `ISSUER_SIGNER_FAILED`; `ISSUER_PIN` when the token came back with another PIN
   */
  async sign(message: Uint8Array): Promise<Uint8Array> {
    if (this.#isClosed) throw closedSigner()
    const digest = sha256(message)
    const opening = this.#opening
    try {
      if (!this.#isLost) return await this.#sign(digest)
    } catch (error) {
      if (this.#isClosed || !isLoss(this.#module, error)) throw failure('no signature', error)
    }
    try {
      await this.#openAgain(opening)
      return await this.#sign(digest)
    } catch (error) {
      throw failure('no signature, though the token was opened again', error)
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    // Who waits would come to a library that is no longer there.
    for (const { reject } of this.#waiting.splice(0)) reject(closedSigner())
    await Promise.allSettled([...this.#running, this.#reopening])
    this.#token.close()
    this.#module.release()
    this.#options.pin.wipe()
  }

  async #sign(digest: Uint8Array): Promise<Uint8Array> {
    const session = await this.#session()
    if (this.#isClosed) throw closedSigner()
    if (session.opening !== this.#opening) return await this.#sign(digest)
    const { library, names } = this.#module
    try {
      // Over the digest: SoftHSM and others have no mechanism that hashes, too.
      library.C_SignInit(session.handle, { mechanism: names.CKM_ECDSA }, this.#key.privateKey)
      const call = library.C_SignAsync(session.handle, Buffer.from(digest), Buffer.alloc(64))
      this.#running.add(call)
      try {
        return derSignature(await call)
      } finally {
        this.#running.delete(call)
      }
    } finally {
      this.#release(session)
    }
  }

  #session(): PooledSession | Promise<PooledSession> {
    const session = this.#idle.pop()
    if (session !== undefined) return session
    if (this.#waiting.length >= longestQueue) {
      throw new IssuerError('ISSUER_SIGNER_FAILED', `${longestQueue} signatures wait already`)
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  #pool(sessions: readonly Handle[]): void {
    for (const handle of sessions) this.#release({ handle, opening: this.#opening })
  }

  /** A session of a token that was lost is not used again. */
  #release(session: PooledSession): void {
    if (session.opening !== this.#opening) return
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(session)
    else next.resolve(session)
  }

  /** @param failed the opening whose session failed */
  #openAgain(failed: number): Promise<void> {
    if (failed !== this.#opening && !this.#isLost) return Promise.resolve()
    this.#reopening ??= this.#reopen().finally(() => {
      this.#reopening = undefined
    })
    return this.#reopening
  }

  async #reopen(): Promise<void> {
    this.#opening += 1
    this.#isLost = true
    this.#idle = []
    await Promise.allSettled(this.#running)
    try {
      // A second wrong PIN would bring the token closer to its lock.
      if (this.#refusedPin !== undefined) throw this.#refusedPin
      this.#token.close()
      this.#module.restart()
      const { token, key, sessions } = this.#open()
      this.#token = token
      this.#key = key
      this.#isLost = false
      this.#pool(sessions)
    } catch (cause) {
      const error = lossOf(cause)
      if (error.code === 'ISSUER_PIN') this.#refusedPin = error
      for (const { reject } of this.#waiting.splice(0)) reject(error)
      throw error
    }
  }

  #open(): {
    readonly token: Pkcs11Token
    readonly key: TokenKey
    readonly sessions: readonly Handle[]
  } {
    const { key: uri, pin, sessions: count = defaultSessions } = this.#options
    const token = new Pkcs11Token(this.#module, uri, pin)
    try {
      const key = token.key(uri)
      if (this.#opening > 0 && !equalOctets(key.publicKey.point, this.publicKey.point)) {
        throw new IssuerError('ISSUER_SIGNER_FAILED', 'the token came back with another key')
      }
      return { token, key, sessions: Array.from({ length: count }, () => token.session()) }
    } catch (error) {
      token.close()
      throw error
    }
  }
}

function closedSigner(): IssuerError {
  return new IssuerError('ISSUER_SIGNER_FAILED', 'the signer is closed')
}

/** Why a token cannot be opened again. Only the PIN needs a person at once; all else may pass. */
function lossOf(cause: unknown): IssuerError {
  if (cause instanceof IssuerError && cause.code === 'ISSUER_PIN') return cause
  const { message } = failure('the module failed', cause)
  return new IssuerError('ISSUER_SIGNER_FAILED', `the token is lost: ${message}`, { cause })
}

function requireModulePath({ key, modulePath = key.modulePath }: Pkcs11SignerOptions): string {
  if (modulePath !== undefined) return modulePath
  throw new IssuerError('ISSUER_KEY_URI', 'the name of the key: module-path is missing')
}

/** r ‖ s as the DER of X.509. */
function derSignature(octets: Uint8Array): Uint8Array {
  if (octets.length !== 64) {
    const message = `the module gave ${octets.length} octets for a signature of 64`
    throw new IssuerError('ISSUER_SIGNER_FAILED', message)
  }
  return derSequence(derInteger(octets.subarray(0, 32)), derInteger(octets.subarray(32)))
}

/** Failures after which the same key can be there again. A refused PIN is none: it would lock the token. */
function isLoss({ names }: Pkcs11Module, error: unknown): boolean {
  const losses: readonly (number | undefined)[] = [
    names.CKR_SESSION_HANDLE_INVALID,
    names.CKR_SESSION_CLOSED,
    names.CKR_DEVICE_REMOVED,
    names.CKR_DEVICE_ERROR,
    names.CKR_TOKEN_NOT_PRESENT,
    names.CKR_TOKEN_NOT_RECOGNIZED,
    names.CKR_USER_NOT_LOGGED_IN,
    names.CKR_OBJECT_HANDLE_INVALID,
    names.CKR_KEY_HANDLE_INVALID,
    names.CKR_SLOT_ID_INVALID,
    names.CKR_CRYPTOKI_NOT_INITIALIZED,
    names.CKR_GENERAL_ERROR,
  ]
  const code = pkcs11Code(error)
  return code !== undefined && losses.includes(code)
}

function failure(what: string, cause: unknown): IssuerError {
  if (cause instanceof IssuerError) return cause
  const why = isKeylineError(cause) ? cause.message : pkcs11Name(cause)
  return new IssuerError('ISSUER_SIGNER_FAILED', `${what}: ${why}`, { cause })
}
