import { cborExcerpt } from '../cbor/diagnostic.ts'
import {
  CborTag,
  cborMap,
  isCborArray,
  isCborInteger,
  isCborMap,
  taggedValue,
  type CborMap,
  type CborValue,
} from '../cbor/value.ts'
import { EatError, type EatErrorCode } from '../errors.ts'
import { CorimTag, ValidityKey } from './tag.ts'

/** A period in seconds since 1970; both ends belong to it. */
export interface Validity {
  readonly notBefore?: number | undefined
  readonly notAfter: number
}

/** Refuses a part of a CoRIM by its path: `comid 0, triple 3`. */
export function refuse(code: EatErrorCode, path: string, message: string): never {
  throw new EatError(code, `${path} ${message}`, { details: { field: path } })
}

export function requireMap(value: CborValue | undefined, path: string): CborMap {
  if (isCborMap(value)) return value
  return refuse('E_CORIM_STRUCTURE', path, 'must be a map')
}

/** A list of at least one item. */
export function requireList(value: CborValue | undefined, path: string): readonly CborValue[] {
  if (isCborArray(value) && value.length > 0) return value
  return refuse('E_CORIM_STRUCTURE', path, 'must be a list of at least one item')
}

export function optionalText(value: CborValue | undefined, path: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  return refuse('E_CORIM_STRUCTURE', path, `is ${cborExcerpt(value)} and must be a text`)
}

export function optionalInteger(
  value: CborValue | undefined,
  path: string,
): number | bigint | undefined {
  if (value === undefined || isCborInteger(value)) return value
  return refuse('E_CORIM_STRUCTURE', path, `is ${cborExcerpt(value)} and must be an integer`)
}

export function readValidity(value: CborValue, path: string): Validity {
  const map = requireMap(value, path)
  const notBefore = map.get(ValidityKey.notBefore)
  return {
    notBefore: notBefore === undefined ? undefined : requireTime(notBefore, `${path}.not-before`),
    notAfter: requireTime(map.get(ValidityKey.notAfter), `${path}.not-after`),
  }
}

export function validityToCbor({ notBefore, notAfter }: Validity): CborMap {
  return cborMap(
    [
      ValidityKey.notBefore,
      notBefore === undefined ? undefined : new CborTag(CorimTag.epochTime, notBefore),
    ],
    [ValidityKey.notAfter, new CborTag(CorimTag.epochTime, notAfter)],
  )
}

function requireTime(value: CborValue | undefined, path: string): number {
  const seconds = taggedValue(value, CorimTag.epochTime)
  if (typeof seconds === 'number') return seconds
  return refuse('E_CORIM_STRUCTURE', path, 'must be whole seconds since 1970 under tag 1')
}
