import type { Clock, Random } from '@keyline/bytes'
import type { Trust } from '@keyline/matter'
import type { Authorities } from '../evidence/issued-chain.ts'
import type { Journal } from '../journal/journal-file.ts'
import type { Issuer } from '../port/issuer.ts'
import type { Programmer } from '../port/programmer.ts'
import type { SerialPorts } from '../port/serial-port.ts'
import type { UnitStore } from '../port/unit-store.ts'

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
}
