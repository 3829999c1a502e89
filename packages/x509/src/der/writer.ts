import { encodeUtf8 } from '@keyline/bytes'
import { X509Error } from '../errors.ts'
import { oidContent } from './oid.ts'
import { contextConstructed, contextPrimitive, DerTag } from './tag.ts'

type Octets = Uint8Array<ArrayBuffer>

/** One value from its tag and the parts of its content, length in its shortest form. */
export function derValue(tag: number, ...parts: readonly Uint8Array[]): Octets {
  let length = 0
  for (const part of parts) length += part.length
  const header = length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : 5
  if (length > 0xff_ffff)
    throw new X509Error('X509_VALUE', `${length} octets are too many for one value`)
  const octets = new Uint8Array(header + length)
  octets[0] = tag
  octets[1] = header === 2 ? length : 0x80 | (header - 2)
  for (let place = header - 1, rest = length; place > 1; place--, rest >>>= 8)
    octets[place] = rest & 0xff
  let offset = header
  for (const part of parts) {
    octets.set(part, offset)
    offset += part.length
  }
  return octets
}

export function derSequence(...members: readonly Uint8Array[]): Octets {
  return derValue(DerTag.sequence, ...members)
}

/** SET OF: the members are put in the order that DER demands. */
export function derSet(...members: readonly Uint8Array[]): Octets {
  if (members.length < 2) return derValue(DerTag.set, ...members)
  return derValue(DerTag.set, ...[...members].sort(compareMembers))
}

/** A non-negative number, or the octets of an unsigned integer (big endian), in shortest form. */
export function derInteger(value: number | Uint8Array): Octets {
  const octets = typeof value === 'number' ? numberOctets(value) : value
  let start = 0
  while (start < octets.length - 1 && octets[start] === 0) start++
  const magnitude = octets.subarray(start)
  const [first = 0] = magnitude
  if (magnitude.length === 0) return derValue(DerTag.integer, Uint8Array.of(0))
  return first < 0x80
    ? derValue(DerTag.integer, magnitude)
    : derValue(DerTag.integer, Uint8Array.of(0), magnitude)
}

export function derBoolean(value: boolean): Octets {
  return derValue(DerTag.boolean, Uint8Array.of(value ? 0xff : 0))
}

export function derNull(): Octets {
  return derValue(DerTag.null)
}

/** @param dotted for example `2.5.4.3`. @throws X509Error `X509_VALUE` */
export function derOid(dotted: string): Octets {
  return derValue(DerTag.oid, oidContent(dotted))
}

export function derOctetString(octets: Uint8Array): Octets {
  return derValue(DerTag.octetString, octets)
}

/** @param unusedBits bits at the end of the last octet that do not count and must be zero */
export function derBitString(octets: Uint8Array, unusedBits = 0): Octets {
  return derValue(DerTag.bitString, Uint8Array.of(unusedBits), octets)
}

export function derUtf8(text: string): Octets {
  return derValue(DerTag.utf8String, encodeUtf8(text))
}

/** `[number] EXPLICIT`, or `IMPLICIT` over the members of a constructed type. */
export function derTagged(number: number, ...parts: readonly Uint8Array[]): Octets {
  return derValue(contextConstructed(number), ...parts)
}

/** `[number] IMPLICIT` over the content octets of a primitive type. */
export function derTaggedPrimitive(number: number, content: Uint8Array): Octets {
  return derValue(contextPrimitive(number), content)
}

function numberOctets(value: number): Octets {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new X509Error('X509_VALUE', `${value} is not a whole number of at least 0`)
  }
  const octets: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return Uint8Array.from(octets)
}

function compareMembers(a: Uint8Array, b: Uint8Array): number {
  for (let place = 0; place < Math.max(a.length, b.length); place++) {
    const difference = (a[place] ?? 0) - (b[place] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
