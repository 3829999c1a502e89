import { BytesError, decodeUtf8, parseJson, type JsonValue } from '@keyline/bytes'
import { IssuerError } from '../errors.ts'

/** Members of a JSON object that a stranger sent. */
export type JsonObject = ReadonlyMap<string, JsonValue | undefined>

/** A JSON document of at most 64 KiB and 8 levels. @throws IssuerError `ISSUER_ANSWER_MALFORMED` */
export function readJson(octets: Uint8Array, what: string): JsonValue {
  try {
    return parseJson(decodeUtf8(octets), what, { maxLength: 65_536, maxDepth: 8 })
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    throw new IssuerError('ISSUER_ANSWER_MALFORMED', cause.message, { cause })
  }
}

/** The members of a value that must be an object. @throws IssuerError `ISSUER_ANSWER_MALFORMED` */
export function jsonObjectOf(value: JsonValue | undefined, what: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return new Map(Object.entries(value))
  }
  throw new IssuerError('ISSUER_ANSWER_MALFORMED', `${what} is no JSON object`)
}

/** A member that must be a text. @throws IssuerError `ISSUER_ANSWER_MALFORMED` */
export function textMember(object: JsonObject, member: string): string {
  const value = object.get(member)
  if (typeof value === 'string') return value
  throw new IssuerError('ISSUER_ANSWER_MALFORMED', `the member "${member}" is no text`)
}
