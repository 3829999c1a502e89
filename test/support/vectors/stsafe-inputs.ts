import { concat, decode, Secret } from '@keyline/bytes'
import { curveKeyPair, verifyMessage, type HashAlgorithm } from '@keyline/crypto'
import { StsafeError, type Authenticator, type Stsafe, type TypedHostKeys } from '@keyline/stsafe'
import {
  curves,
  decodeCommandFrame,
  derivedKeyInformation,
  hashes,
  hostKeyLength,
  keyInformation,
  zoneAccessCodes,
  type CurveName,
  type DerivedKeyInformation,
  type HashName,
  type KeyInformation,
  type ZoneAccess,
} from '@keyline/stsafe/layout'
import { keyTypeOf, type StsafeCase } from './stsafe-case.ts'
import type { VectorReader } from './vector-reader.ts'

/** One call of a case: the chip that it is made on, and its arguments. */
export interface Call {
  readonly chip: Stsafe
  readonly inputs: VectorReader
  readonly vector: StsafeCase
}

export function curveOf(inputs: VectorReader, member = 'curve'): CurveName {
  const name = inputs.text(member)
  if (!Object.hasOwn(curves, name)) throw new TypeError(`unknown curve ${name}`)
  // The name is a key of the table, as was just seen.
  return name as CurveName
}

export function hashNameOf(inputs: VectorReader): HashName {
  const name = inputs.text('algorithm')
  if (!Object.hasOwn(hashes, name)) throw new TypeError(`unknown hash algorithm ${name}`)
  // The name is a key of the table, as was just seen.
  return name as HashName
}

export function zoneAccessOf(code: number): ZoneAccess {
  const name = Object.entries(zoneAccessCodes).find(([, value]) => value === code)?.[0]
  // The name is a key of the table, as was just found.
  if (name !== undefined) return name as ZoneAccess
  throw new TypeError(`unknown zone access condition ${code}`)
}

export function accessChangeOf(inputs: VectorReader) {
  const change = {
    access: zoneAccessOf(inputs.number('ac')),
    changeRight: inputs.number('changeRight') === 1,
  }
  return { change, options: { ...protectionOf(inputs), permanent: true } }
}

export function protectionOf(inputs: VectorReader): { readonly protection?: 'host' } {
  const name = inputs.has('protection') ? inputs.text('protection') : 'none'
  if (name === 'none') return {}
  if (name === 'C-MAC+R-MAC') return { protection: 'host' }
  // The types of this library leave no room for the values that the service refuses.
  throw new StsafeError('STSAFE_ARGUMENT', `protection ${name} does not exist`)
}

/** The octets of a message, or any where the vector names only their number. */
export function messageOf(inputs: VectorReader, member = 'message'): Uint8Array {
  if (inputs.has(member)) return inputs.octets(member)
  return new Uint8Array(inputs.number(`${member}Length`))
}

/** Fields of the record in the order of section 5.5. */
function recordOctets(record: VectorReader, withSlot: boolean): Uint8Array {
  const lock = record.has('lock') ? record.number('lock') : 0
  const slot = withSlot ? [record.number('slot')] : []
  return concat(
    Uint8Array.of(lock, ...slot, record.number('type'), record.number('mode')),
    record.octets('usage'),
    record.octets('parameters'),
  )
}

export function keyInformationOf(record: VectorReader): KeyInformation {
  return decode(keyInformation, recordOctets(record, true), 'key information')
}

export function derivedKeyInformationOf(record: VectorReader): DerivedKeyInformation {
  return decode(derivedKeyInformation, recordOctets(record, false), 'key information')
}

export function hostKeysOf(inputs: VectorReader): TypedHostKeys {
  const type = keyTypeOf(inputs)
  const given = (name: string): Secret =>
    new Secret(inputs.has(name) ? inputs.octets(name) : new Uint8Array(hostKeyLength[type]))
  return { type, macKey: given('macKey'), cipherKey: given('cipherKey') }
}

const announced: Readonly<Record<string, Exclude<HashAlgorithm, 'SHA-224'>>> = {
  sha256: 'SHA-256',
  sha384: 'SHA-384',
  sha512: 'SHA-512',
}

/**
 * The signer of a case. Its ECDSA signature is the recorded one, since another library draws other nonces; it is proven
 * to be over what the host gives to sign.
 */
export function authenticatorOf({ inputs, vector }: Call): Authenticator | undefined {
  if (!inputs.has('signatureSlot')) return undefined
  const slot = inputs.number('signatureSlot')
  if (!inputs.has('signaturePrivateKey')) {
    return {
      slot,
      sign() {
        throw new TypeError('the case has no key to sign with')
      },
    }
  }
  const curve = curveOf(inputs, 'signatureCurve')
  const isEdwards = curve === 'Ed25519'
  const hash = isEdwards ? undefined : announced[inputs.text('hash')]
  const pair = curveKeyPair(curve, inputs.octets('signaturePrivateKey'))
  return {
    slot,
    hash,
    sign(message) {
      const operation = vector.json
        .objects('intermediates')
        .find((entry) => entry.text('op') === 'host-sign')
      const signature = operation?.octets('signature') ?? new Uint8Array()
      if (verifyMessage(pair.publicKey, { message, signature, hash })) return signature
      throw new TypeError('the host signs other octets than the recorded signature covers')
    },
  }
}

/** The payload of a recorded request that is not encrypted, without MAC. */
export function plainPayload(request: Uint8Array): Uint8Array {
  const frame = decodeCommandFrame(request)
  if (typeof frame === 'string') throw new TypeError(`a recorded request is ${frame}`)
  return (frame.flags & 0x80) === 0 ? frame.body : frame.body.subarray(0, -4)
}

export function padded(octets: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length)
  result.set(octets)
  return result
}
