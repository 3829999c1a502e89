import { describeError } from '@keyline/bytes'
import { IssuerError, type IssuerErrorCode } from '../errors.ts'

/**
 * What the runtime says when a connection fails, in its code or, for what the TLS library reports while writing, in its
 * message; lower case, words apart. The first that fits counts.
 */
const meanings: readonly (readonly [RegExp, IssuerErrorCode])[] = [
  [
    /alert (?:(?:bad |unsupported )?certificate|unknown ca|access denied|decrypt error)/,
    'ISSUER_STATION_UNTRUSTED',
  ],
  [
    /^(?:err tls )?cert |^unable to |self signed|^invalid |^path length|hostname/,
    'ISSUER_SERVER_UNTRUSTED',
  ],
  [/wrong version|unsupported protocol|alert protocol version/, 'ISSUER_SERVER_UNTRUSTED'],
  [/^hpe /, 'ISSUER_ANSWER_MALFORMED'],
]

/** An error of the connection as one of the issuer, whose code says whether trying again can help. */
export function transportError(place: string, cause: unknown): IssuerError {
  const code = codeOf(cause)
  const text = describeError(cause)
  const words = `${code} ${text}`.toLowerCase().replaceAll('_', ' ')
  const found = meanings.find(([pattern]) => pattern.test(words))
  const message = code === '' || text.includes(code) ? text : `${text} (${code})`
  return new IssuerError(found?.[1] ?? 'ISSUER_UNREACHABLE', `${place}: ${message}`, { cause })
}

function codeOf(cause: unknown): string {
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : ''
}
