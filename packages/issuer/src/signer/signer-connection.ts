import { connect, type Socket } from 'node:net'
import { isKeylineError, withDeadline, type Clock } from '@keyline/bytes'
import { p256PublicKey, type P256PublicKey } from '@keyline/crypto'
import { IssuerError } from '../errors.ts'
import type { KeyCustody } from './held-signer.ts'
import {
  decodeSignerMessage,
  encodeSignerMessage,
  longestAnswerFrame,
  longestToBeSigned,
  SignerFrames,
  signerProtocolVersion,
  type SignerMessage,
} from './signer-protocol.ts'

/** Where a signer listens, and how long it may take. */
export interface SignerLine {
  readonly path: string
  readonly clock: Clock
  readonly timeoutMs: number
}

interface Asked {
  readonly resolve: (signature: Uint8Array) => void
  readonly reject: (error: IssuerError) => void
}

interface Greeting {
  readonly welcome: Extract<SignerMessage, { readonly kind: 'welcome' }>
  /** Goes on where the greeting ended. */
  readonly frames: SignerFrames
}

const firstId = 1
const lastId = 0xffff_ffff

/** One connection to a signer, greeted. It keeps the process alive only while a signature is awaited. */
export class SignerConnection {
  readonly publicKey: P256PublicKey
  readonly custody: KeyCustody
  readonly #line: SignerLine
  readonly #socket: Socket
  readonly #asked = new Map<number, Asked>()
  #nextId = firstId

  /** @throws IssuerError `ISSUER_SIGNER_FAILED` */
  static async open(line: SignerLine): Promise<SignerConnection> {
    const { path, clock, timeoutMs: ms } = line
    const socket = connect(path)
    // A socket without a listener for its errors would end the process.
    socket.on('error', () => socket.destroy())
    try {
      const wait = { clock, ms, what: 'the signer' }
      return await withDeadline(wait, () => clock.during(() => greet(line, socket)))
    } catch (cause) {
      socket.destroy()
      if (cause instanceof IssuerError) throw cause
      throw failed(`the signer at ${path} does not greet`, cause)
    }
  }

  /** @see SignerConnection.open */
  constructor(line: SignerLine, socket: Socket, { welcome, frames }: Greeting) {
    this.#line = line
    this.#socket = socket
    this.publicKey = p256PublicKey(welcome.point)
    this.custody = welcome.custody
    socket.unref()
    socket.on('data', (piece: Buffer) => {
      try {
        for (const frame of frames.take(piece)) this.#settle(decodeSignerMessage(frame))
      } catch (cause) {
        this.#fail(failed('the signer answers nonsense', cause))
      }
    })
    socket.once('close', () => this.#fail(failed('the connection to the signer broke')))
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed
  }

  /** @throws IssuerError `ISSUER_SIGNER_FAILED`, `ISSUER_SIGNER_LIMIT`, `ISSUER_SIGNER_REFUSED` */
  async sign(toBeSigned: Uint8Array): Promise<Uint8Array> {
    if (toBeSigned.length === 0 || toBeSigned.length > longestToBeSigned) {
      throw failed(`${toBeSigned.length} octets cannot be signed, only 1 to ${longestToBeSigned}`)
    }
    const { clock, timeoutMs: ms } = this.#line
    const id = this.#nextId
    this.#nextId = id === lastId ? firstId : id + 1
    try {
      const wait = { clock, ms, what: 'the signer' }
      return await withDeadline(wait, () => clock.during(() => this.#ask(id, toBeSigned)))
    } catch (cause) {
      if (cause instanceof IssuerError) throw cause
      throw failed('the signer gave no signature', cause)
    } finally {
      this.#asked.delete(id)
      if (this.#asked.size === 0) this.#socket.unref()
    }
  }

  end(): void {
    this.#socket.destroy()
  }

  #ask(id: number, toBeSigned: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) throw failed('the connection to the signer is closed')
      this.#asked.set(id, { resolve, reject })
      this.#socket.ref()
      this.#socket.write(encodeSignerMessage({ kind: 'sign', id, toBeSigned }))
    })
  }

  #settle(message: SignerMessage): void {
    if (message.kind !== 'signature' && message.kind !== 'refusal') {
      throw failed(`the signer says ${message.kind} in the place of a signature`)
    }
    // Who waited may have gone at its deadline.
    const asked = this.#asked.get(message.id)
    if (message.kind === 'signature') asked?.resolve(message.signature)
    else asked?.reject(new IssuerError(message.code, `the signer: ${message.message}`))
  }

  #fail(error: IssuerError): void {
    this.#socket.destroy()
    for (const { reject } of this.#asked.values()) reject(error)
  }
}

/** Says hello and waits for the welcome. */
function greet(line: SignerLine, socket: Socket): Promise<SignerConnection> {
  const frames = new SignerFrames(longestAnswerFrame)
  return new Promise((resolve, reject) => {
    const lost = (cause?: unknown): void => {
      const why = isKeylineError(cause) ? `: ${cause.message}` : ''
      reject(failed(`the signer at ${line.path} is not there, or breaks off${why}`, cause))
    }
    socket.once('error', lost)
    socket.once('close', () => lost())
    socket.on('data', function onData(piece: Buffer) {
      try {
        const [frame] = frames.take(piece)
        if (frame === undefined) return
        const welcome = decodeSignerMessage(frame)
        if (welcome.kind !== 'welcome' || welcome.version !== signerProtocolVersion) {
          throw failed(`the signer at ${line.path} speaks another protocol or version`)
        }
        socket.off('data', onData)
        resolve(new SignerConnection(line, socket, { welcome, frames }))
      } catch (cause) {
        lost(cause)
      }
    })
    socket.write(encodeSignerMessage({ kind: 'hello', version: signerProtocolVersion }))
  })
}

function failed(message: string, cause?: unknown): IssuerError {
  return new IssuerError('ISSUER_SIGNER_FAILED', message, { cause })
}
