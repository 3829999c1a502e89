import { isKeylineError } from '@keyline/bytes'
import { IssuerError, storeRefusalCodes, type IssuerErrorCode } from '@keyline/issuer'
import type { LedgerErrorCode } from '@keyline/ledger'

/**
 * What a caller is told of a refusal by the record. Callers know the issuer and not what it stands on: a station takes
 * its verdict from the fault of the code. What is not here is for people who look after members and orders, and stands.
 */
export const toldCodes: Readonly<Partial<Record<LedgerErrorCode, IssuerErrorCode>>> = {
  ...storeRefusalCodes,
  LEDGER_UNIT_DECIDED: 'ISSUER_UNIT_CONFLICT',
  LEDGER_UNIT_DIFFERS: 'ISSUER_UNIT_CONFLICT',
  LEDGER_UNIT_BOUND: 'ISSUER_UNIT_CONFLICT',
  LEDGER_SERIAL_TAKEN: 'ISSUER_UNIT_CONFLICT',
  LEDGER_BOARD_TAKEN: 'ISSUER_UNIT_CONFLICT',
  LEDGER_CLOCK: 'ISSUER_CLOCK_WRONG',
  LEDGER_DATABASE: 'ISSUER_STORE_DOWN',
  LEDGER_DAMAGED: 'ISSUER_STORE_DOWN',
  LEDGER_CLOSED: 'ISSUER_STORE_DOWN',
  LEDGER_RESTORED: 'ISSUER_STORE_DOWN',
  LEDGER_CHECKPOINT: 'ISSUER_STORE_DOWN',
  LEDGER_CERTIFICATE_SERIAL_TAKEN: 'ISSUER_STORE_DOWN',
}

const byCode: ReadonlyMap<string, IssuerErrorCode> = new Map(Object.entries(toldCodes))

/** The error of the issuer behind one of the record; any other as it is. */
export function toldError(error: unknown): unknown {
  const code = isKeylineError(error) ? byCode.get(error.code) : undefined
  if (code === undefined || !isKeylineError(error)) return error
  const { message, details } = error
  const rule = code === 'ISSUER_KEY_KNOWN' ? { rule: 'CSR-07' } : {}
  return new IssuerError(code, message, { cause: error, details: { ...details, ...rule } })
}
