import { z } from 'zod'

export const UnitState = z.enum(['reserved', 'active', 'decided'])
export type UnitState = z.infer<typeof UnitState>

/** A unit as anyone may see it: no secret is in it. */
export interface Unit {
  readonly id: string
  readonly orderId: string
  /** Place in the order: 1, 2, 3, … */
  readonly sequence: number
  readonly serialNumber: string
  readonly state: UnitState
  /** 96-bit UID of the board it was bound to, hexadecimal; absent before the first board. */
  readonly boardUid?: string
  /** Which making of the unit it is, where it was reworked: 2, 3, … */
  readonly attempt?: number
  readonly createdAt: number
}

/** The identity secrets of a unit. They rest sealed in the ledger. */
export interface UnitSecrets {
  readonly discriminator: number
  readonly passcode: number
  readonly salt: Uint8Array
  readonly iterations: number
  /** w0 ‖ L, 97 octets. */
  readonly verifier: Uint8Array
}
