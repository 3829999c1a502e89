import { isKeylineError } from '@keyline/bytes'
import { IssuerError, type IssuerErrorCode } from '../errors.ts'

/** One refusal has one name, whether it is answered early or by the record. */
export const storeRefusalCodes = {
  LEDGER_ORDER_UNKNOWN: 'ISSUER_ORDER_UNKNOWN',
  LEDGER_ORDER_CLOSED: 'ISSUER_ORDER_CLOSED',
  LEDGER_ORDER_PAUSED: 'ISSUER_ORDER_PAUSED',
  LEDGER_ORDER_WINDOW: 'ISSUER_ORDER_WINDOW',
  LEDGER_ORDER_PAI: 'ISSUER_PAI_ROTATED',
  LEDGER_STATION_REFUSED: 'ISSUER_STATION_REFUSED',
  LEDGER_QUOTA: 'ISSUER_QUOTA_REACHED',
  LEDGER_KEY_TAKEN: 'ISSUER_KEY_KNOWN',
  LEDGER_IDEMPOTENCY: 'ISSUER_IDEMPOTENCY_CONFLICT',
  LEDGER_UNIT_UNKNOWN: 'ISSUER_UNIT_UNKNOWN',
  LEDGER_UNAVAILABLE: 'ISSUER_STORE_DOWN',
  LEDGER_BUSY: 'ISSUER_STORE_DOWN',
  LEDGER_FULL: 'ISSUER_STORE_DOWN',
} as const satisfies Readonly<Record<string, IssuerErrorCode>>

const byCode: ReadonlyMap<string, IssuerErrorCode> = new Map(Object.entries(storeRefusalCodes))

/** The error of the issuer behind an error of the record; any other error as it is. */
export function storeRefusal(error: unknown): unknown {
  const code = isKeylineError(error) ? byCode.get(error.code) : undefined
  if (code === undefined || !isKeylineError(error)) return error
  const { message, details, remedy } = error
  return new IssuerError(code, message, {
    cause: error,
    details: code === 'ISSUER_KEY_KNOWN' ? { ...details, rule: 'CSR-07' } : details,
    ...(code === 'ISSUER_STORE_DOWN' ? {} : { remedy }),
  })
}
