import { layout, octets, remaining, u16be, u32be, u8 } from '@keyline/bytes'
import { lv } from '../algorithm.ts'
import { commandTable } from '../command.ts'
import { form } from './form.ts'
import { ccmCounter } from './symmetric.ts'

const effect = 'volatile'
const section = '3.11'
const chunk = { aad: lv, message: lv } as const
const cipherChunk = { aad: lv, ciphertext: lv } as const
const anything = layout({ octets: remaining(0, 751) })
const plaintext = layout({ plaintext: remaining(0, 751) })

/** Section 3.11. Start has one form per mode; the key in the slot decides which applies. */
export const chunkedForms = {
  /** Divide the answer with {@link ccmStarted}. */
  startEncryptCcm: form(commandTable.startEncrypt, {
    name: 'Start encrypt CCM*',
    section,
    effect,
    request: layout({ slot: u8, nonce: lv, totalAad: u16be, totalMessage: u32be, ...chunk }),
    response: anything,
  }),
  startEncryptGcm: form(commandTable.startEncrypt, {
    name: 'Start encrypt GCM',
    section,
    effect,
    request: layout({ slot: u8, iv: lv, ...chunk }),
    response: layout({ ciphertext: remaining(0, 751) }),
  }),
  processEncrypt: form(commandTable.processEncrypt, {
    name: 'Process encrypt',
    section,
    effect,
    request: layout(chunk),
    response: layout({ ciphertext: remaining(0, 751) }),
  }),
  /** `ciphertext chunk ‖ tag`: divide with `gcmEncrypted`. */
  finishEncrypt: form(commandTable.finishEncrypt, {
    name: 'Finish encrypt',
    section,
    effect,
    request: layout(chunk),
    response: anything,
  }),
  /** The total counts the ciphertext without tag. */
  startDecryptCcm: form(commandTable.startDecrypt, {
    name: 'Start decrypt CCM*',
    section,
    effect,
    request: layout({
      slot: u8,
      nonce: lv,
      totalAad: u16be,
      totalCiphertext: u32be,
      ...cipherChunk,
    }),
    response: plaintext,
  }),
  startDecryptGcm: form(commandTable.startDecrypt, {
    name: 'Start decrypt GCM',
    section,
    effect,
    request: layout({ slot: u8, iv: lv, ...cipherChunk }),
    response: plaintext,
  }),
  processDecrypt: form(commandTable.processDecrypt, {
    name: 'Process decrypt',
    section,
    effect,
    request: layout(cipherChunk),
    response: plaintext,
  }),
  finishDecrypt: form(commandTable.finishDecrypt, {
    name: 'Finish decrypt',
    section,
    effect,
    request: layout({ ...cipherChunk, tag: remaining(0, 16) }),
    response: layout({ verification: u8, plaintext: remaining(0, 750) }),
  }),
} as const

/** `ciphertext chunk ‖ presence ‖ [counter]`. */
export function ccmStarted(chunkLength: number) {
  return layout({ ciphertext: octets(chunkLength), counter: ccmCounter })
}
