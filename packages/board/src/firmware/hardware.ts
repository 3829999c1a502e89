import type { Clock, Random } from '@keyline/bytes'
import type { PsaCrypto } from '@keyline/psa'
import type { InternalTrustedStorage } from '@keyline/psa/its'
import type { Attester } from '../attestation/attester.ts'
import type { FaultPlan } from '../fault/fault-plan.ts'
import type { Memory } from '../flash/memory.ts'
import type { FirmwareIdentity } from '../image/firmware-image.ts'
import type { Part } from '../part/part.ts'
import type { CustomerKeyStorage } from '../storage/customer-key-storage.ts'
import type { Neighbourhood } from './neighbourhood.ts'

/** Where the device key rests: in the factory data, or in one of the secure stores. */
export type KeyPlace = 'flash' | 'its' | 'psa' | 'cks'

/** What lights tell when there is no serial line. */
export type Led = 'off' | 'ok' | 'error'

/** The secure stores of a part; each one absent where the part has none. */
export interface SecureStorage {
  readonly its?: InternalTrustedStorage | undefined
  readonly psa?: PsaCrypto | undefined
  readonly cks?: CustomerKeyStorage | undefined
}

/** The microcontroller as its firmware sees it, from one start to the next. */
export interface Hardware {
  readonly part: Part
  /** 96-bit unique id, 12 octets. */
  readonly uid: Uint8Array
  readonly flash: Memory
  readonly storage: SecureStorage
  /** Absent where a board has no attestation key. */
  readonly attester?: Attester | undefined
  /** The place that a provisioning firmware has noted; `flash` when none has. */
  readonly keyPlace: KeyPlace
  readonly noteKeyPlace: (place: KeyPlace) => void
  readonly show: (led: Led) => void
  readonly image: FirmwareIdentity
  readonly clock: Clock
  /** The generator of this start; another start draws other values. */
  readonly random: Random
  readonly faults: FaultPlan
  readonly neighbourhood: Neighbourhood
  /** Fires when the board is reset, halted or loses power. */
  readonly power: AbortSignal
  /** Time that the hardware takes for an act. @throws BytesError `INTERRUPTED` without power */
  readonly take: (ms: number) => Promise<void>
  /** Sends on the serial line; returns at once. */
  readonly transmit: (octets: Uint8Array) => void
  readonly listen: (onReceived: (octets: Uint8Array) => void) => void
  /** Restarts the board: afterwards `power` has fired, and every wait of this firmware ends. */
  readonly restart: () => void
}

/** The behaviour of a firmware: runs until the power goes. */
export type Firmware = (hardware: Hardware) => Promise<void>
