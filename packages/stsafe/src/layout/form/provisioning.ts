import {
  layout,
  lengthPrefixed,
  listToEnd,
  octets,
  prefixedBy,
  remaining,
  u16be,
  u8,
  type Field,
} from '@keyline/bytes'
import { curvePublicKey, optionalHashId, signature, type HashName } from '../algorithm.ts'
import { hostKeyLength, hostKeyType, type HostKeyType } from '../attribute.ts'
import { commandTable } from '../command.ts'
import { keyInformation, keyLengthOf, type KeyInformation } from '../symmetric-key.ts'
import { form, nothing } from './form.ts'

/** What an ECDHE secret is for (section 5.9). */
export const algorithmId = { unwrapKek: 1, establishSymmetric: 2, establishHost: 3 } as const

/** Proof of the host's identity, section 5.3: signs both ephemeral keys. */
export interface AuthenticationBlock {
  /** Generic public key slot that verifies. */
  readonly slot: number
  /** Nothing for an Ed25519 signer. */
  readonly hash: HashName | undefined
  /** Raw R ‖ S. */
  readonly signature: Uint8Array
}

const authenticationBlock: Field<AuthenticationBlock> = prefixedBy(
  [0],
  layout({ slot: u8, hash: optionalHashId, signature }),
)

const optionalAuthentication: Field<AuthenticationBlock | undefined> = {
  read: (reader, path) =>
    reader.remaining === 0 ? undefined : authenticationBlock.read(reader, path),
  write(writer, value, path) {
    if (value !== undefined) authenticationBlock.write(writer, value, path)
  },
  min: 0,
  max: authenticationBlock.max,
  notation: `[${authenticationBlock.notation ?? ''}]`,
}

/** A symmetric key with its record, as `1F 17` and the inside of an envelope carry it. */
export interface KeyWithInformation {
  readonly information: KeyInformation
  readonly key: Uint8Array
}

/** `KIR ‖ key`; the record tells the length of the key. */
export const keyWithInformation: Field<KeyWithInformation> = {
  read(reader, path) {
    const information = keyInformation.read(reader, `${path}.information`)
    return { information, key: reader.octets(keyLengthOf(information), `${path}.key`) }
  },
  write(writer, value, path) {
    keyInformation.write(writer, value.information, `${path}.information`)
    octets(keyLengthOf(value.information)).write(writer, value.key, `${path}.key`)
  },
  min: 22,
  max: 8 + 255,
  notation: `${keyInformation.notation ?? ''} ‖ key`,
}

export interface HostKeys {
  readonly type: HostKeyType
  readonly macKey: Uint8Array
  readonly cipherKey: Uint8Array
}

/** `00 00 00 ‖ type ‖ MAC key ‖ cipher key`: the payload of `1F 07` and the inside of an envelope. */
export const hostKeys: Field<HostKeys> = prefixedBy([0, 0, 0], {
  read(reader, path) {
    const type = hostKeyType.read(reader, `${path}.type`)
    const length = hostKeyLength[type]
    const macKey = reader.octets(length, `${path}.macKey`)
    return { type, macKey, cipherKey: reader.octets(length, `${path}.cipherKey`) }
  },
  write(writer, value, path) {
    hostKeyType.write(writer, value.type, `${path}.type`)
    const key = octets(hostKeyLength[value.type])
    key.write(writer, value.macKey, `${path}.macKey`)
    key.write(writer, value.cipherKey, `${path}.cipherKey`)
  },
  min: 33,
  max: 65,
  notation: 'type u8 ‖ MAC key ‖ cipher key',
})

const envelope = layout({ envelope: remaining(0, 750) })

/** Section 5. */
export const provisioningForms = {
  startVolatileKekSession: form(commandTable.startVolatileKekSession, {
    name: 'Start volatile KEK session',
    section: '5.3',
    effect: 'volatile',
    request: layout({
      host: curvePublicKey,
      authentication: prefixedBy([algorithmId.unwrapKek], optionalAuthentication),
    }),
    response: nothing,
  }),
  stopVolatileKekSession: form(commandTable.stopVolatileKekSession, {
    name: 'Stop volatile KEK session',
    section: '5.3',
    effect: 'volatile',
    request: nothing,
    response: nothing,
  }),
  writeHostKeyPlaintext: form(commandTable.writeHostKeyPlaintext, {
    name: 'Write host key V2 plaintext',
    section: '5.2',
    effect: 'once',
    request: hostKeys,
    response: nothing,
  }),
  writeHostKeyWrapped: form(commandTable.writeHostKeyWrapped, {
    name: 'Write host key V2 wrapped',
    section: '5.4',
    effect: 'once',
    request: envelope,
    response: nothing,
  }),
  writeSymmetricKeyPlaintext: form(commandTable.writeSymmetricKeyPlaintext, {
    name: 'Write symmetric key plaintext',
    section: '5.5',
    effect: 'once',
    request: keyWithInformation,
    response: nothing,
  }),
  writeSymmetricKeyWrapped: form(commandTable.writeSymmetricKeyWrapped, {
    name: 'Write symmetric key wrapped',
    section: '5.5',
    effect: 'once',
    request: envelope,
    response: nothing,
  }),
  establishSymmetricKeys: form(commandTable.establishSymmetricKeys, {
    name: 'Establish symmetric keys',
    section: '5.6',
    effect: 'volatile',
    request: layout({
      host: curvePublicKey,
      authentication: prefixedBy([algorithmId.establishSymmetric], optionalAuthentication),
    }),
    response: nothing,
  }),
  confirmSymmetricKeys: form(commandTable.confirmSymmetricKeys, {
    name: 'Confirm symmetric keys',
    section: '5.6',
    effect: 'once',
    request: layout({
      mac: octets(8),
      keys: listToEnd(lengthPrefixed(u16be, keyInformation), 255),
    }),
    response: nothing,
  }),
  establishHostKey: form(commandTable.establishHostKey, {
    name: 'Establish host key V2',
    section: '5.7',
    effect: 'once',
    request: layout({
      host: curvePublicKey,
      type: prefixedBy([algorithmId.establishHost], hostKeyType),
      authentication: optionalAuthentication,
    }),
    response: nothing,
  }),
} as const
