import { PsaStatus, type CallStatus } from '../status/status.ts'
import { isKeyIdIn, keyIds, lifetimeParts, Persistence } from './lifetime.ts'
import { isKnownUsage, withImpliedUsage } from './usage.ts'

/** `psa_key_attributes_t`. */
export interface KeyAttributes {
  readonly lifetime: number
  /** 0 for a volatile key that is to be made. */
  readonly id: number
  readonly type: number
  /** 0: as many as the data of an import tell. */
  readonly bits: number
  readonly usage: number
  /** The one algorithm that the policy permits. */
  readonly algorithm: number
}

/** The size is kept in 16 bits, the last of which are reserved. */
export const maximumKeyBits = 0xfff8

/** Persistence, id against lifetime, usage, size: in the order of section 2.6. */
export function checkAttributes(attributes: KeyAttributes): CallStatus {
  const { persistence } = lifetimeParts(attributes.lifetime)
  if (persistence !== Persistence.volatile && persistence !== Persistence.persistent) {
    return PsaStatus.invalidArgument
  }
  const isIdRight =
    persistence === Persistence.volatile
      ? attributes.id === 0
      : isKeyIdIn(keyIds.user, attributes.id)
  if (!isIdRight || !isKnownUsage(attributes.usage)) return PsaStatus.invalidArgument
  return attributes.bits > maximumKeyBits ? PsaStatus.notSupported : PsaStatus.success
}

/** The attributes as they are kept: with implied usage, the reported size and the id in use. */
export function keptAttributes(
  attributes: KeyAttributes,
  kept: Pick<KeyAttributes, 'id' | 'bits'>,
): KeyAttributes {
  return { ...attributes, ...kept, usage: withImpliedUsage(attributes.usage) }
}

export function isPersistent({ lifetime }: Pick<KeyAttributes, 'lifetime'>): boolean {
  return lifetimeParts(lifetime).persistence !== Persistence.volatile
}
