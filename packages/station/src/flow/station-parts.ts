import type { Clock, Random } from '@keyline/bytes'
import type { JournalRecord } from '@keyline/ledger/records'
import type { Trust } from '@keyline/matter'
import type { DialogueLimits } from '../dialogue/provisioning-dialogue.ts'
import type { Authorities } from '../evidence/issued-chain.ts'
import type { Journal } from '../journal/journal-file.ts'
import type { ChipCertificates } from '../port/chip-certificates.ts'
import type { Issuer } from '../port/issuer.ts'
import type { ProvisioningManager } from '../port/manager.ts'
import type { DeviceKeyProgrammer } from '../port/device-key-programmer.ts'
import type { PlatformScripts } from '../port/platform-scripts.ts'
import type { Programmer } from '../port/programmer.ts'
import type { SecureElement } from '../port/secure-element.ts'
import type { SerialPorts } from '../port/serial-port.ts'
import type { UnitStore } from '../port/unit-store.ts'
import type { WirelessProgrammer } from '../port/wireless-programmer.ts'

/** Everything around the slots. The command line chooses the implementations. */
export interface StationParts {
  readonly clock: Clock
  readonly random: Random
  readonly programmer: Programmer
  readonly ports: SerialPorts
  readonly issuer: Issuer
  readonly units: UnitStore
  readonly journal: Journal
  /** PAA certificates and declaration signers that the station's own check trusts. */
  readonly trust: Trust
  /** The PAI whose certificates this order gets, and its PAA. */
  readonly authorities: Authorities
  /** For orders of a security level above 0. */
  readonly scripts?: PlatformScripts | undefined
  /** For an erase, a coprocessor or a read-out protection. */
  readonly wireless?: WirelessProgrammer | undefined
  /** Conducts the exchange in place of the built-in dialogue. */
  readonly manager?: ProvisioningManager | undefined
  /** How long boards may be silent in the built-in dialogue. */
  readonly dialogueLimitsMs?: Partial<DialogueLimits> | undefined
  /** For orders whose boards carry one. */
  readonly element?: SecureElement | undefined
  /** For orders of boards that bring their keys. */
  readonly deviceKeys?: DeviceKeyProgrammer | undefined
  /** For orders that name authorities of chips. */
  readonly chipCertificates?: ChipCertificates | undefined
  /** What the journal held when it was opened: what was proven of a board before its read-out protection. */
  readonly history?: readonly JournalRecord[] | undefined
}
