import { equalSecret, toHex } from '@keyline/bytes'
import { Cmac, decryptCbc, encryptEcb } from '@keyline/crypto'
import { decodeRequest, type AnyForm } from '../layout/form/form.ts'
import { Form } from '../layout/form/forms.ts'
import { macLength, type ResponseFrame } from '../layout/frame.ts'
import {
  BlockSubject,
  commandMacInput,
  counterBlock,
  responseMacInput,
  unpad,
  type ProtectedCommand,
  type ProtectedResponse,
} from '../layout/session.ts'
import { Status } from '../layout/status.ts'
import type { HostKeyPair } from '../session/host-session.ts'

/** Host keys of the traced chip, and its counter where the trace does not tell it. */
export interface TraceKeys extends HostKeyPair {
  readonly counter?: number | undefined
}

/** A command without its protection, and what the chip said to it. */
interface TracedAnswer {
  readonly request: Uint8Array
  readonly response: ResponseFrame
}

interface Opened {
  readonly octets: Uint8Array
  readonly encrypted: boolean
}

/** Follows the counter of a chip through a trace: verifies MACs and opens payloads after the fact. */
export class TracedSession {
  #mac: Cmac
  #cipherKey: Uint8Array
  #width: 3 | 4 = 4
  #counter: number

  constructor({ macKey, cipherKey, counter = 0 }: TraceKeys) {
    this.#mac = new Cmac(macKey.reveal())
    this.#cipherKey = cipherKey.reveal()
    this.#counter = counter
  }

  isCommandMac(command: ProtectedCommand, mac: Uint8Array): boolean {
    const input = commandMacInput({ value: this.#counter, width: this.#width }, command)
    return equalSecret(this.#mac.compute(input).subarray(0, macLength), mac)
  }

  /** Judged after {@link count}. */
  isResponseMac(response: ProtectedResponse, mac: Uint8Array): boolean {
    const input = responseMacInput({ value: this.#counter, width: this.#width }, response)
    return equalSecret(this.#mac.compute(input).subarray(0, macLength), mac)
  }

  /** A payload is taken for encrypted when it decrypts to a right padding: one plain one in 2^8 would look so. */
  openCommand({ payload }: ProtectedCommand): Opened {
    return this.#open(payload, BlockSubject.commandIv, this.#counter + 1)
  }

  /** Judged after {@link count}. */
  openResponse(payload: Uint8Array): Opened {
    return this.#open(payload, BlockSubject.responseIv, this.#counter)
  }

  /** The chip counts every command whose MAC is right. */
  count(status: number, isRight: boolean): void {
    if (isRight && status !== Status.invalidCommandMac && status !== Status.communicationError) {
      this.#counter++
    }
  }

  /**
   * The answer to a query of the host key slot tells the counter. New host keys are taken over where the trace shows them,
   * and start with counter 0 in any case (section 4.7).
   */
  learn(form: AnyForm, { request, response }: TracedAnswer): void {
    const { status, payload } = response
    if (status !== Status.ok) return
    if (form === Form.queryHostKeySlotV1 || form === Form.queryHostKeySlotV2) {
      this.#width = form === Form.queryHostKeySlotV1 ? 3 : 4
      this.#counter = Number.parseInt(toHex(payload.subarray(-this.#width)), 16)
    } else if (form === Form.writeHostKeyPlaintext) {
      this.#renew(decodeRequest(Form.writeHostKeyPlaintext, request))
    } else if (form === Form.putHostKeysV1) {
      this.#renew(decodeRequest(Form.putHostKeysV1, request))
    } else if (form === Form.writeHostKeyWrapped || form === Form.establishHostKey) {
      this.#counter = 0
    }
  }

  #renew(keys: { readonly macKey: Uint8Array; readonly cipherKey: Uint8Array }): void {
    this.#mac = new Cmac(keys.macKey)
    this.#cipherKey = keys.cipherKey
    this.#counter = 0
  }

  #open(payload: Uint8Array, subject: BlockSubject, value: number): Opened {
    const plain = { octets: payload, encrypted: false }
    if (payload.length === 0 || payload.length % 16 !== 0) return plain
    const block = counterBlock({ value, width: this.#width }, subject)
    const iv = encryptEcb({ key: this.#cipherKey, octets: block })
    const octets = unpad(decryptCbc({ key: this.#cipherKey, iv, octets: payload }))
    return octets === undefined ? plain : { octets, encrypted: true }
  }
}
