import type {
  AuthorizationRecord,
  CurvePublicKey,
  DeviceTypeName,
  HostKeyControl,
  HostKeys,
  I2cParameters,
  KeyWithInformation,
  LifeCycleState,
  PrivateKeyMode,
  ProductData,
  PublicKeyFlags,
  SymmetricKeyControl,
  ZoneEntry,
} from '@keyline/stsafe/layout'

/**
 * All that survives a power cycle. A value: a command that changes something puts another state in its place, whole,
 * so that there is never half a change to save or to lose.
 */
export interface ChipState {
  readonly device: DeviceTypeName
  readonly productData: ProductData
  /** A new address takes effect with the next reset or power cycle. */
  readonly i2c: I2cParameters
  readonly lifeCycle: LifeCycleState
  /** Whether access conditions and encryption flags of commands may still be programmed. */
  readonly changeRights: { readonly access: boolean; readonly encryption: boolean }
  readonly authorization: readonly AuthorizationRecord[]
  readonly hostControl: HostKeyControl
  readonly hostKeys: HostKeys | undefined
  /** Sequence counter of the host keys. */
  readonly hostCounter: number
  /** Index = place in the list. */
  readonly zones: readonly Zone[]
  /** Slot = place in the list. */
  readonly symmetricSlots: readonly SymmetricSlot[]
  readonly globalUsageLimit: number
  readonly privateKeys: readonly PrivateKeySlotState[]
  /** Slot = place in the list. */
  readonly publicKeys: readonly PublicKeySlotState[]
  /** Slot = place in the list; 16 or 32 octets, nothing for an empty slot. */
  readonly envelopeKeys: ReadonlyArray<Uint8Array | undefined>
  readonly password: Password | undefined
}

export interface Zone {
  readonly entry: ZoneEntry
  readonly data: Uint8Array
}

export interface SymmetricKey extends KeyWithInformation {
  /** Of a CCM* key with a counter: the value used last. */
  readonly counter: number
}

export interface SymmetricSlot {
  readonly control: SymmetricKeyControl
  readonly key: SymmetricKey | undefined
}

export interface PrivateKey {
  readonly curve: CurvePublicKey['curve']
  readonly octets: Uint8Array
  /** Signatures left; 0xFFFF is without limit. */
  readonly usageLimit: number
}

export interface PrivateKeySlotState {
  readonly slot: number
  readonly mode: PrivateKeyMode
  readonly key: PrivateKey | undefined
}

export interface PublicKeySlotState {
  readonly flags: PublicKeyFlags
  readonly key: CurvePublicKey | undefined
}

export interface Password {
  /** 16 octets. */
  readonly value: Uint8Array
  readonly remainingTries: number
  readonly maxTries: number
}

export const unlimitedUsage = 0xffff
export const defaultPasswordTries = 3

/** The list with one place replaced. */
export function replaced<T>(list: readonly T[], index: number, value: T): readonly T[] {
  return list.map((item, place) => (place === index ? value : item))
}
