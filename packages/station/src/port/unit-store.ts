import { isKeylineError, type KeylineError } from '@keyline/bytes'
import type { Unit, UnitSecrets, VerdictRecord } from '@keyline/ledger/records'

/** A unit together with its identity secrets, for the station that is making it. */
export interface ReservedUnit {
  readonly unit: Unit
  readonly secrets: UnitSecrets
}

/** What the station needs of the ledger. Every call is one transaction. */
export interface UnitStore {
  /** Takes the next serial number of the pool and records a new unit. `undefined`: nothing remains to be made. */
  reserve(orderId: string, draw: () => Promise<UnitSecrets>): Promise<ReservedUnit | undefined>
  /** Units that the order still misses: the quantity less those made or still open. */
  remaining(orderId: string): Promise<number>
  /** Units of the order without a final verdict (none yet, or QUARANTINE), by sequence. */
  undecided(orderId: string): Promise<readonly ReservedUnit[]>
  /**
   * Binds the unit to the board. Refused when the UID belongs to another live unit, and, with the code
   * `LEDGER_UNIT_BOUND` or `LEDGER_UNIT_DECIDED`, when the unit has a verdict or another board already; with `isFirst`
   * also when it has this board: then another station was faster.
   */
  bind(unitId: string, boardUid: string, options: { readonly isFirst: boolean }): Promise<void>
  /**
   * Records the verdict. The same one again changes nothing; only QUARANTINE may be followed by another.
   * FAIL and ERROR void the certificates of the unit in the same transaction; PASS makes its attestation key known to
   * the verifier, and is refused with the code `LEDGER_DEVICE_TAKEN` when another unit lives with that key.
   */
  decide(unitId: string, record: VerdictRecord): Promise<void>
  /** Certificate of the unit as the issuer recorded it, DER; the newest when a board restarted. */
  certificateOf(unitId: string): Promise<Uint8Array | undefined>
  /** Marks a certificate void whose key was lost in a restart; the reason stands in the audit log. */
  voidCertificate(unitId: string, certificateSha256: string, reason: string): Promise<void>
}

/** Another station has bound the unit, or has made it already. */
export function isTakenElsewhere(error: unknown): boolean {
  return (
    isKeylineError(error) &&
    (error.code === 'LEDGER_UNIT_BOUND' || error.code === 'LEDGER_UNIT_DECIDED')
  )
}

/** Another unit has the attestation key that the board of this one shows: one of them is a copy. */
export function isKeyTaken(error: unknown): error is KeylineError {
  return isKeylineError(error) && error.code === 'LEDGER_DEVICE_TAKEN'
}
