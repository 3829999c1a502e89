import { X509Error } from '../errors.ts'
import { maxDerDepth } from './limits.ts'
import { isOid } from './oid.ts'
import { DerTag } from './tag.ts'

/**
 * End of the value at an offset: one-octet tag, definite length in its shortest form, inside `limit`. Its content starts
 * at {@link contentStart}; two numbers instead of one object, as every value of every certificate passes here.
 * @throws X509Error `DER_MALFORMED`
 */
export function valueEnd(octets: Uint8Array, offset: number, limit: number): number {
  if (offset + 2 > limit) throw malformed(offset, 'the value is cut')
  const tag = octets[offset] ?? 0
  if (tag === 0 || (tag & 0x1f) === 0x1f) {
    throw malformed(offset, `tag ${tag} is not used in DER here`)
  }
  const first = octets[offset + 1] ?? 0
  const length = first < 0x80 ? first : longLength(octets, offset, limit)
  const end = contentStart(octets, offset) + length
  if (end > limit) throw malformed(offset, `${length} octets are announced, fewer follow`)
  return end
}

/** Where the content of the value at an offset starts, once {@link valueEnd} has passed it. */
export function contentStart(octets: Uint8Array, offset: number): number {
  const first = octets[offset + 1] ?? 0
  return offset + 2 + (first < 0x80 ? 0 : first & 0x7f)
}

function longLength(octets: Uint8Array, offset: number, limit: number): number {
  const start = offset + 2
  const count = (octets[offset + 1] ?? 0) & 0x7f
  if (count === 0) throw malformed(offset, 'the length is indefinite')
  if (count > 4 || start + count > limit) throw malformed(offset, 'the length is cut or too long')
  let length = 0
  for (let place = start; place < start + count; place++) {
    length = length * 256 + (octets[place] ?? 0)
  }
  if (length < 0x80 || length < 256 ** (count - 1)) {
    throw malformed(offset, 'the length is not in its shortest form')
  }
  return length
}

/**
 * Walks one whole value and proves that it is strict DER, so that parts may be decoded later, when they are asked for:
 * one value without anything behind it, shortest lengths and integers, primitive and constructed as the type says,
 * well-formed booleans, bit strings and object identifiers, sets in order, nesting of at most 12.
 * Octet strings and implicitly tagged primitives are not looked into.
 * @throws X509Error `DER_MALFORMED`, `DER_LIMIT`
 */
export function assertStrictDer(octets: Uint8Array, limit: number): void {
  if (octets.length > limit) {
    throw new X509Error('DER_LIMIT', `the input has ${octets.length} octets, but ${limit} at most`)
  }
  const end = walk(octets, 0, octets.length, 1)
  if (end !== octets.length) throw malformed(end, `${octets.length - end} octets follow the value`)
}

function walk(octets: Uint8Array, offset: number, limit: number, depth: number): number {
  if (depth > maxDerDepth) {
    throw new X509Error('DER_LIMIT', `at ${offset}: nested deeper than ${maxDerDepth}`)
  }
  const end = valueEnd(octets, offset, limit)
  const tag = octets[offset] ?? 0
  let position = contentStart(octets, offset)
  if ((tag & 0x20) === 0) {
    checkPrimitive(octets, tag, position, end)
    return end
  }
  if (tag < 0x40 && tag !== DerTag.sequence && tag !== DerTag.set) {
    throw malformed(offset, `tag ${tag} must be primitive`)
  }
  let previous = -1
  while (position < end) {
    const next = walk(octets, position, end, depth + 1)
    if (tag === DerTag.set && previous >= 0 && !isAscending(octets, previous, position, next)) {
      throw malformed(position, 'the members of a set are not in order')
    }
    previous = position
    position = next
  }
  return end
}

function checkPrimitive(octets: Uint8Array, tag: number, start: number, end: number): void {
  switch (tag) {
    case DerTag.boolean: {
      const value = octets[start]
      if (end - start !== 1 || (value !== 0 && value !== 0xff))
        throw malformed(start, 'not a boolean')
      return
    }
    case DerTag.integer:
      if (!isShortestInteger(octets, start, end)) throw malformed(start, 'not a shortest integer')
      return
    case DerTag.bitString:
      if (!isBitString(octets, start, end)) throw malformed(start, 'not a bit string')
      return
    case DerTag.null:
      if (start !== end) throw malformed(start, 'a null has content')
      return
    case DerTag.oid:
      if (!isOid(octets, start, end)) throw malformed(start, 'not an object identifier')
      return
    case DerTag.sequence & ~0x20:
    case DerTag.set & ~0x20:
      throw malformed(start, 'a sequence or set must be constructed')
    default:
  }
}

/** At least one octet, and no leading octet that says nothing. */
export function isShortestInteger(octets: Uint8Array, start: number, end: number): boolean {
  const first = octets[start]
  const second = octets[start + 1] ?? 0
  if (end - start < 2) return end - start === 1
  return !(first === 0 && second < 0x80) && !(first === 0xff && second >= 0x80)
}

/** A count of unused bits from 0 to 7, and these bits zero. */
export function isBitString(octets: Uint8Array, start: number, end: number): boolean {
  const unused = octets[start] ?? 8
  if (end - start < 1 || unused > 7) return false
  if (end - start === 1) return unused === 0
  return ((octets[end - 1] ?? 0) & ((1 << unused) - 1)) === 0
}

/** Order of a SET OF: ascending as octet strings, the shorter one padded with zeros (X.690 section 11.6). */
function isAscending(octets: Uint8Array, previous: number, current: number, end: number): boolean {
  const length = Math.max(current - previous, end - current)
  for (let place = 0; place < length; place++) {
    const before = previous + place < current ? (octets[previous + place] ?? 0) : 0
    const after = current + place < end ? (octets[current + place] ?? 0) : 0
    if (before !== after) return before < after
  }
  return true
}

function malformed(offset: number, what: string): X509Error {
  return new X509Error('DER_MALFORMED', `at ${offset}: ${what}`, { details: { offset } })
}
