import { describeError } from '@keyline/bytes'
import { IssuerError, type IssuerErrorCode } from '../errors.ts'

/** What the codes of the runtime mean; the first that fits counts. */
const meanings: readonly (readonly [RegExp, IssuerErrorCode])[] = [
  [
    /ALERT_(?:BAD_|UNSUPPORTED_)?CERTIFICATE|ALERT_UNKNOWN_CA|ALERT_ACCESS_DENIED/,
    'ISSUER_STATION_UNTRUSTED',
  ],
  [
    /^(?:ERR_TLS_)?CERT_|^UNABLE_TO_|SELF_SIGNED|^INVALID_|^PATH_LENGTH|HOSTNAME/,
    'ISSUER_SERVER_UNTRUSTED',
  ],
  [/WRONG_VERSION|UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION/, 'ISSUER_SERVER_UNTRUSTED'],
  [/^HPE_/, 'ISSUER_ANSWER_MALFORMED'],
]

/** An error of the connection as one of the issuer, whose code says whether trying again can help. */
export function transportError(place: string, cause: unknown): IssuerError {
  const code = codeOf(cause)
  const found = meanings.find(([pattern]) => pattern.test(code))
  const text = describeError(cause)
  const message = code === '' || text.includes(code) ? text : `${text} (${code})`
  return new IssuerError(found?.[1] ?? 'ISSUER_UNREACHABLE', `${place}: ${message}`, { cause })
}

function codeOf(cause: unknown): string {
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : ''
}
