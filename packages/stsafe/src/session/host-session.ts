import { equalSecret, type Secret } from '@keyline/bytes'
import { Cmac, decryptCbc, encryptCbc, encryptEcb } from '@keyline/crypto'
import { StsafeError } from '../errors.ts'
import type { HostKeyType } from '../layout/attribute.ts'
import { hostKeyLength } from '../layout/attribute.ts'
import { macLength, type ResponseFrame } from '../layout/frame.ts'
import {
  BlockSubject,
  commandMacInput,
  counterBlock,
  maxCounter,
  pad,
  responseMacInput,
  unpad,
  type ProtectedCommand,
} from '../layout/session.ts'

/** The two keys of the host channel. */
export interface HostKeyPair {
  readonly macKey: Secret
  readonly cipherKey: Secret
}

/** Which payloads of an exchange are encrypted; MACs are always there. */
export interface Encryption {
  readonly command: boolean
  readonly response: boolean
}

export interface SessionInput extends HostKeyPair {
  readonly type: HostKeyType
  /** As the chip told it. */
  readonly counter: number
  readonly counterWidth: 3 | 4
}

/** A protected command and what its response is judged by. */
export interface ProtectedExchange {
  readonly command: ProtectedCommand
  readonly mac: Uint8Array
  readonly encryption: Encryption
}

/**
 * The host's end of the secure channel (section 4): it knows both keys and the counter before the next command.
 * The chip does not know that a session is open.
 */
export class HostSession {
  readonly type: HostKeyType
  readonly #mac: Cmac
  readonly #cipherKey: Secret
  readonly #width: 3 | 4
  #counter: number
  /** Counter before the command of which it is not known whether the chip has counted it. */
  #doubted: number | undefined
  #areKeysDoubted = false

  /** @throws StsafeError `STSAFE_ARGUMENT` when a key has not the length of the type */
  constructor({ type, macKey, cipherKey, counter, counterWidth }: SessionInput) {
    for (const [name, key] of Object.entries({ macKey, cipherKey })) {
      if (key.length === hostKeyLength[type]) continue
      const message = `${name} has ${key.length} octets, but the chip holds ${type} host keys (${hostKeyLength[type]})`
      throw new StsafeError('STSAFE_ARGUMENT', message)
    }
    this.type = type
    this.#mac = new Cmac(macKey.reveal())
    this.#cipherKey = cipherKey
    this.#width = counterWidth
    this.#counter = counter
  }

  /** The counter before the next command. */
  get counter(): number {
    return this.#counter
  }

  get isInDoubt(): boolean {
    return this.#doubted !== undefined
  }

  /** Encrypts and authenticates a command (section 4.2). The header carries its flags already. */
  protect(header: Uint8Array, payload: Uint8Array, encryption: Encryption): ProtectedExchange {
    const sent = encryption.command
      ? encryptCbc({
          key: this.#cipherKey.reveal(),
          iv: this.#iv(BlockSubject.commandIv),
          octets: pad(payload),
        })
      : payload
    const command = { header, payload: sent }
    const input = commandMacInput({ value: this.#counter, width: this.#width }, command)
    return { command, mac: this.#mac.compute(input).slice(0, macLength), encryption }
  }

  /**
   * Judges a response of status 00 and gives its payload in plain; the counter moves on (section 4.5). A response that
   * is none of this chip says nothing of what the chip has counted: it leaves the session in doubt.
   * @throws StsafeError `STSAFE_RESPONSE_MAC` for a wrong MAC and a wrong padding alike
   */
  accept(exchange: ProtectedExchange, response: ResponseFrame): Uint8Array {
    const iv = exchange.encryption.response ? this.#iv(BlockSubject.responseIv) : undefined
    const before = this.#counter
    this.#advance()
    const { payload: whole, header: status } = response
    const payload = whole.subarray(0, Math.max(0, whole.length - macLength))
    const mac = whole.subarray(payload.length)
    const counter = { value: this.#counter, width: this.#width }
    const input = responseMacInput(counter, { command: exchange.command, status, payload })
    const plain = equalSecret(this.#mac.compute(input).slice(0, macLength), mac)
      ? this.#decrypt(payload, iv)
      : undefined
    if (plain !== undefined) return plain
    this.#doubted = before
    throw new StsafeError(
      'STSAFE_RESPONSE_MAC',
      'the response is not one of this chip to this command',
    )
  }

  /** A refusal counts like a success, but for those with which the chip says that it did not accept the command. */
  countRefusal(hasCounted: boolean): void {
    if (hasCounted) this.#advance()
  }

  /** The answer did not arrive, or not whole. That of new host keys leaves open which keys the chip holds. */
  doubt(what: 'counter' | 'counter-and-keys' = 'counter'): void {
    this.#doubted ??= this.#counter
    this.#areKeysDoubted ||= what === 'counter-and-keys'
  }

  /**
   * Takes the counter of the chip over after a lost answer (section 4.5).
   * `executed`: the chip counted the command. `unknown`: its counter is neither that before nor that after it, or is the 0
   * that new host keys start with.
   */
  resynchronise(counter: number): 'executed' | 'not-executed' | 'unknown' {
    const before = this.#doubted ?? this.#counter
    const isOfNewKeys = this.#areKeysDoubted && counter === 0
    this.#counter = counter
    this.#doubted = undefined
    this.#areKeysDoubted = false
    if (isOfNewKeys) return 'unknown'
    if (counter === before) return 'not-executed'
    return counter === before + 1 ? 'executed' : 'unknown'
  }

  #advance(): void {
    this.#counter = Math.min(this.#counter + 1, maxCounter(this.#width))
  }

  /** Both IVs are made of the counter after the command; behind its end it begins anew, as octets do. */
  #iv(subject: BlockSubject): Uint8Array {
    const octets = counterBlock({ value: this.#counter + 1, width: this.#width }, subject)
    return encryptEcb({ key: this.#cipherKey.reveal(), octets })
  }

  #decrypt(payload: Uint8Array, iv: Uint8Array | undefined): Uint8Array | undefined {
    if (iv === undefined || payload.length === 0) return payload
    if (payload.length % 16 !== 0) return undefined
    return unpad(decryptCbc({ key: this.#cipherKey.reveal(), iv, octets: payload }))
  }
}
