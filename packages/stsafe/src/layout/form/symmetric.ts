import { layout, octets, prefixedOctets, remaining, u32be, u8, type Field } from '@keyline/bytes'
import { lv } from '../algorithm.ts'
import { commandTable } from '../command.ts'
import { form, nothing } from './form.ts'

export const ccmNonceLength = 13

const anything = layout({ octets: remaining(0, 751) })
const verified = layout({ verification: u8, plaintext: remaining(0, 750) })

/** Sub-commands that stand before the slot. */
const generate = 0x03
const use = 0x02

/**
 * Sections 3.9 and 3.10. Encrypt and Decrypt have one form per mode; the key in the slot decides which applies.
 * How an encryption's answer divides follows from the length of the message and the tag length of the key.
 */
export const symmetricForms = {
  generateMac: form(commandTable.generateMac, {
    name: 'Generate MAC',
    selector: [generate],
    section: '3.9.1',
    request: layout({ slot: u8, macLength: u8, message: remaining() }),
    response: layout({ mac: remaining(0, 32) }),
  }),
  verifyMac: form(commandTable.verifyMac, {
    name: 'Verify MAC',
    selector: [use],
    section: '3.9.2',
    request: layout({ slot: u8, mac: prefixedOctets(u8, 255), message: remaining() }),
    response: layout({ result: u8 }),
  }),
  eraseSymmetricKeySlot: form(commandTable.eraseSymmetricKeySlot, {
    name: 'Erase symmetric key slot',
    section: '3.9.3',
    effect: 'once',
    request: layout({ slot: u8 }),
    response: nothing,
  }),
  encryptEcb: form(commandTable.encrypt, {
    name: 'Encrypt ECB',
    selector: [use],
    section: '3.10',
    request: layout({ slot: u8, message: remaining() }),
    response: layout({ ciphertext: remaining(0, 751) }),
  }),
  decryptEcb: form(commandTable.decrypt, {
    name: 'Decrypt ECB',
    selector: [use],
    section: '3.10',
    request: layout({ slot: u8, ciphertext: remaining() }),
    response: layout({ plaintext: remaining(0, 751) }),
  }),
  /** Divide the answer with {@link ccmEncrypted}. */
  encryptCcm: form(commandTable.encrypt, {
    name: 'Encrypt CCM*',
    selector: [use],
    section: '3.10',
    request: layout({ slot: u8, nonce: octets(ccmNonceLength), aad: lv, message: lv }),
    response: anything,
  }),
  decryptCcm: form(commandTable.decrypt, {
    name: 'Decrypt CCM*',
    selector: [use],
    section: '3.10',
    /** The ciphertext ends with the tag. */
    request: layout({ slot: u8, nonce: octets(ccmNonceLength), aad: lv, ciphertext: lv }),
    response: verified,
  }),
  /** Divide the answer with {@link gcmEncrypted}. */
  encryptGcm: form(commandTable.encrypt, {
    name: 'Encrypt GCM',
    selector: [use],
    section: '3.10',
    request: layout({ slot: u8, iv: lv, aad: lv, message: lv }),
    response: anything,
  }),
  decryptGcm: form(commandTable.decrypt, {
    name: 'Decrypt GCM',
    selector: [use],
    section: '3.10',
    request: layout({ slot: u8, iv: lv, aad: lv, ciphertext: lv, tag: remaining(0, 16) }),
    response: verified,
  }),
} as const

/** The value of the chip's counter behind its presence octet; nothing for a key without counter. */
export const ccmCounter: Field<number | undefined> = {
  read(reader, path) {
    return reader.u8(`${path}.presence`) === 0 ? undefined : u32be.read(reader, path)
  },
  write(writer, value, path) {
    writer.u8(value === undefined ? 0 : 1)
    if (value !== undefined) u32be.write(writer, value, path)
  },
  min: 1,
  max: 5,
  notation: 'presence u8 ‖ [counter u32]',
}

/** `ciphertext ‖ tag ‖ presence ‖ [counter]`. */
export function ccmEncrypted(messageLength: number, tagLength: number) {
  return layout({
    ciphertext: octets(messageLength),
    tag: octets(tagLength),
    counter: ccmCounter,
  })
}

/** `ciphertext ‖ tag`. */
export function gcmEncrypted(messageLength: number, tagLength: number) {
  return layout({ ciphertext: octets(messageLength), tag: octets(tagLength) })
}
