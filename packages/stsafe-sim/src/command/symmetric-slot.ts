import {
  keyLengthOf,
  Status,
  type KeyAttributes,
  type KeyModeName,
  type KeyUsage,
} from '@keyline/stsafe/layout'
import { replaced, type SymmetricKey } from '../nvm/state.ts'
import { change, type Context } from './context.ts'
import { demand, present } from './refusal.ts'

/** The key of a slot. @throws Refusal `03` for a slot that does not exist, `0A` for an empty one */
export function symmetricKey({ state }: Context, slot: number): SymmetricKey {
  return present(
    present(state.symmetricSlots[slot], Status.valueOutOfRange).key,
    Status.keyNotFound,
  )
}

/** A key that may be used this way. @throws Refusal `1B` where the usage is missing, which goes before the mode */
export function usableKey(context: Context, slot: number, usage: KeyUsage): SymmetricKey {
  const key = symmetricKey(context, slot)
  demand(key.information.usage.includes(usage), Status.wrongKeyUsage)
  return key
}

export function putSymmetricKey(
  context: Context,
  slot: number,
  key: SymmetricKey | undefined,
): void {
  const { symmetricSlots } = context.state
  const before = present(symmetricSlots[slot], Status.valueOutOfRange)
  change(context, { symmetricSlots: replaced(symmetricSlots, slot, { ...before, key }) })
}

const lastCounter = 0xffff_ffff

/**
 * The nonce of an encryption. A key with a counter counts up and puts the four octets of it into the nonce.
 * @throws Refusal `13` at the end of the counter
 */
export function countedNonce(
  context: Context,
  slot: number,
  nonce: Uint8Array,
): { readonly nonce: Uint8Array; readonly counter: number | undefined } {
  const key = symmetricKey(context, slot)
  const { information } = key
  if (information.mode !== 'CCM*' || information.counterOffset === undefined) {
    return { nonce, counter: undefined }
  }
  demand(key.counter < lastCounter, Status.counterLimitExceeded)
  const counter = key.counter + 1
  putSymmetricKey(context, slot, { ...key, counter })
  const counted = Uint8Array.from(nonce)
  new DataView(counted.buffer).setUint32(information.counterOffset, counter)
  return { nonce: counted, counter }
}

const aesModes: ReadonlySet<KeyModeName> = new Set(['CCM*', 'CMAC', 'ECB', 'GCM'])
const longestNonceOffset = 9

/** A generic secret has 16 to 32 octets; AES keys lie at both ends. */
const keyLengths = { least: 16, most: 32 } as const

/** @throws Refusal `0C` where type and mode do not fit, `03` for a parameter that the mode does not define */
export function demandSound(attributes: KeyAttributes): void {
  const isAes = attributes.type !== 'generic'
  demand(aesModes.has(attributes.mode) === isAes, Status.wrongKeyType)
  const length = keyLengthOf(attributes)
  const isLength = length >= keyLengths.least && length <= keyLengths.most
  demand(isDefined(attributes) && isLength, Status.valueOutOfRange)
}

function isDefined(attributes: KeyAttributes): boolean {
  switch (attributes.mode) {
    case 'CCM*':
      return isCcmTag(attributes.tagLength) && (attributes.counterOffset ?? 0) <= longestNonceOffset
    case 'GCM':
      return isGcmTag(attributes.tagLength)
    case 'CMAC':
      return attributes.minMacLength >= 1 && attributes.minMacLength <= 16
    case 'HMAC':
      return attributes.minMacLength >= 1 && attributes.minMacLength <= 32
    case 'ECB':
    case 'HKDF':
      return true
    default:
      return attributes satisfies never
  }
}

function isCcmTag(length: number): boolean {
  return length === 0 || (length >= 4 && length <= 16 && length % 2 === 0)
}

function isGcmTag(length: number): boolean {
  return length === 4 || length === 8 || (length >= 12 && length <= 16)
}
