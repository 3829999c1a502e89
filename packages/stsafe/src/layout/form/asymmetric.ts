import {
  chain,
  choice,
  layout,
  octets,
  prefixedBy,
  remaining,
  u16be,
  u8,
  type Field,
} from '@keyline/bytes'
import { curveId, curvePublicKey, curves, lv, publicKey, signature } from '../algorithm.ts'
import { envelopeKeyCodes } from '../asymmetric-key.ts'
import { Tag } from '../attribute.ts'
import { commandTable } from '../command.ts'
import { form, nothing } from './form.ts'

/** Subject of signatures, of random numbers and of messages alike: plain. */
const plainSubject = 0x00

export const eddsaVariantCodes = { pure: 0, 'pre-hashed': 1 } as const
export type EddsaVariant = keyof typeof eddsaVariantCodes

export interface SignedMessage {
  /** Raw R ‖ S. */
  readonly signature: Uint8Array
  /** Ed25519 only. */
  readonly variant?: EddsaVariant
  readonly message: Uint8Array
}

const edwardsMessage: Field<SignedMessage> = layout({
  signature,
  variant: choice(u8, eddsaVariantCodes),
  message: lv,
})
const signedMessage: Field<SignedMessage> = layout({ signature, message: lv })

/** Section 3.7. */
export const asymmetricForms = {
  generateLocalEnvelopeKey: form(commandTable.generateKey, {
    name: 'Generate local envelope key',
    selector: [Tag.localEnvelopeTable],
    section: '3.12.1',
    effect: 'once',
    request: layout({ slot: u8, type: choice(u8, envelopeKeyCodes) }),
    response: nothing,
  }),
  generateKeyPair: form(commandTable.generateKey, {
    name: 'Generate key pair',
    selector: [Tag.privateKeySlot],
    section: '3.7.2',
    effect: 'once',
    request: layout({ slot: u8, usageLimit: u16be, curve: prefixedBy([0, 0], curveId) }),
    response: layout({ publicKey }),
  }),
  generateEcdheKeyPair: form(commandTable.generateEcdheKeyPair, {
    name: 'Generate ECDHE key pair',
    section: '3.7.3',
    effect: 'volatile',
    request: layout({ curve: curveId }),
    response: curvePublicKey,
  }),
  generateSignature: form(commandTable.generateSignature, {
    name: 'Generate signature',
    section: '3.7.4',
    request: layout({ slot: u8, message: lv }),
    response: layout({ signature }),
  }),
  verifySignature: form(commandTable.verifySignature, {
    name: 'Verify signature',
    selector: [plainSubject],
    section: '3.7.5',
    request: chain(
      curvePublicKey,
      ({ curve }) => (curves[curve].form === 'edwards' ? edwardsMessage : signedMessage),
      {
        min: signedMessage.min,
        max: edwardsMessage.max,
        notation: '‖ signature ‖ [variant u8] ‖ message lv',
      },
    ),
    response: layout({ validity: u8 }),
  }),
  establishKey: form(commandTable.establishKey, {
    name: 'Establish key',
    section: '3.7.6',
    request: layout({ slot: u8, publicKey }),
    response: layout({ secret: lv }),
  }),
  writePublicKey: form(commandTable.writePublicKey, {
    name: 'Write public key',
    section: '3.7.7',
    effect: 'once',
    request: layout({ slot: u8, key: curvePublicKey }),
    response: nothing,
  }),
  generateChallenge: form(commandTable.generateChallenge, {
    name: 'Generate challenge',
    section: '3.7.8',
    effect: 'volatile',
    request: nothing,
    response: layout({ challenge: octets(16) }),
  }),
  verifyEntitySignature: form(commandTable.verifyEntitySignature, {
    name: 'Verify entity signature',
    selector: [plainSubject],
    section: '3.7.9',
    effect: 'volatile',
    request: layout({ slot: u8, signature }),
    response: layout({ validity: u8 }),
  }),
  decompressPublicKey: form(commandTable.decompressPublicKey, {
    name: 'Decompress public key',
    section: '3.7.10',
    request: layout({
      curve: curveId,
      point: choice(u8, { even: 2, odd: 3 }),
      x: remaining(1, 66),
    }),
    response: layout({ y: remaining(1, 66) }),
  }),
} as const
