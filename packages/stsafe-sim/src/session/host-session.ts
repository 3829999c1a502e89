import { concat, equalSecret } from '@keyline/bytes'
import { Cmac, decryptCbc, encryptCbc, encryptEcb } from '@keyline/crypto'
import {
  BlockSubject,
  commandMacInput,
  counterBlock,
  macLength,
  pad,
  responseMacInput,
  unpad,
  type HostKeys,
  type ProtectedCommand,
  type SequenceCounter,
} from '@keyline/stsafe/layout'

/** The host keys at work (section 4). The chip knows of no open session: each command stands for itself. */
export class HostSession {
  readonly keys: HostKeys
  readonly #mac: Cmac
  readonly #width: 3 | 4

  constructor(keys: HostKeys, width: 3 | 4) {
    this.keys = keys
    this.#mac = new Cmac(keys.macKey)
    this.#width = width
  }

  /** @param counter the one before the command */
  isAuthentic(counter: number, command: ProtectedCommand, mac: Uint8Array): boolean {
    const expected = this.#mac.compute(commandMacInput(this.#counter(counter), command))
    return equalSecret(mac, expected.slice(0, macLength))
  }

  /** @param counter the one after the command. Nothing when the octets are no padded blocks */
  decryptCommand(counter: number, payload: Uint8Array): Uint8Array | undefined {
    if (payload.length === 0 || payload.length % 16 !== 0) return undefined
    const iv = this.#iv(counter, BlockSubject.commandIv)
    return unpad(decryptCbc({ key: this.keys.cipherKey, iv, octets: payload }))
  }

  /** @param counter the one after the command. An empty payload stays as it is */
  encryptResponse(counter: number, payload: Uint8Array): Uint8Array {
    if (payload.length === 0) return payload
    const iv = this.#iv(counter, BlockSubject.responseIv)
    return encryptCbc({ key: this.keys.cipherKey, iv, octets: pad(payload) })
  }

  /** The payload with the R-MAC behind it. @param counter the one after the command */
  seal(
    counter: number,
    command: ProtectedCommand,
    response: { readonly status: number; readonly payload: Uint8Array },
  ): Uint8Array {
    const input = responseMacInput(this.#counter(counter), { command, ...response })
    return concat(response.payload, this.#mac.compute(input).slice(0, macLength))
  }

  #iv(counter: number, subject: BlockSubject): Uint8Array {
    const octets = counterBlock(this.#counter(counter), subject)
    return encryptEcb({ key: this.keys.cipherKey, octets })
  }

  #counter(value: number): SequenceCounter {
    return { value, width: this.#width }
  }
}
