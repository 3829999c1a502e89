import { X509Error } from '../errors.ts'
import { maxOidArc } from './limits.ts'

/** Texts of the identifiers met lately, by a slot of their octets: a certificate has the same ten as the one before. */
const lately: { readonly content: Uint8Array; readonly text: string }[] = []
const longestRemembered = 16

/** Dotted form of the OBJECT IDENTIFIER whose content lies from `start` up to `end`. @throws X509Error `DER_MALFORMED` */
export function oidText(octets: Uint8Array, start: number, end: number, field: string): string {
  const slot = slotOf(octets, start, end)
  const met = lately[slot]
  if (met !== undefined && standsAt(met.content, octets, start, end)) return met.text
  if (!isOid(octets, start, end)) {
    throw new X509Error('DER_MALFORMED', `${field} at ${start} is not an object identifier`)
  }
  const text = spell(octets, start, end)
  if (end - start <= longestRemembered) lately[slot] = { content: octets.slice(start, end), text }
  return text
}

function slotOf(octets: Uint8Array, start: number, end: number): number {
  return ((octets[end - 1] ?? 0) + 5 * (octets[end - 2] ?? 0) + 16 * (end - start)) & 0xff
}

function spell(octets: Uint8Array, start: number, end: number): string {
  let text = ''
  let arc = 0
  for (let offset = start; offset < end; offset++) {
    const octet = octets[offset] ?? 0
    arc = arc * 128 + (octet & 0x7f)
    if (octet >= 0x80) continue
    if (text === '') {
      const root = arc < 80 ? Math.floor(arc / 40) : 2
      text = `${root}.${arc - root * 40}`
    } else {
      text += `.${arc}`
    }
    arc = 0
  }
  return text
}

function standsAt(content: Uint8Array, octets: Uint8Array, start: number, end: number): boolean {
  if (content.length !== end - start) return false
  for (let place = 0; place < content.length; place++) {
    if (content[place] !== octets[start + place]) return false
  }
  return true
}

/** True when the octets are whole arcs in their shortest form, none above 2^31. */
export function isOid(octets: Uint8Array, start: number, end: number): boolean {
  let arc = 0
  let isOpen = false
  for (let offset = start; offset < end; offset++) {
    const octet = octets[offset] ?? 0
    if (!isOpen && octet === 0x80) return false
    arc = arc * 128 + (octet & 0x7f)
    if (arc > maxOidArc) return false
    isOpen = octet >= 0x80
    if (!isOpen) arc = 0
  }
  return end > start && !isOpen
}

/** Contents of the identifiers that were written; a program has a few dozen. */
const written = new Map<string, Uint8Array>()
const writtenLimit = 256

/** Content octets of a dotted object identifier, which the caller must not change. @throws X509Error `X509_VALUE` */
export function oidContent(text: string): Uint8Array {
  const known = written.get(text)
  if (known !== undefined) return known
  const content = encodeOid(text)
  if (written.size < writtenLimit) written.set(text, content)
  return content
}

function encodeOid(text: string): Uint8Array {
  const arcs = text.split('.').map(Number)
  const [root = -1, second = -1, ...rest] = arcs
  const numbers = [root * 40 + second, ...rest]
  const isValid =
    /^\d+(\.\d+)+$/.test(text) &&
    root <= 2 &&
    (root === 2 || second < 40) &&
    numbers.every((number) => number <= maxOidArc)
  if (!isValid) throw new X509Error('X509_VALUE', `${text} is not an object identifier`)
  const octets: number[] = []
  for (const arc of numbers) {
    let shift = 28
    while (shift > 0 && arc < 2 ** shift) shift -= 7
    for (; shift > 0; shift -= 7) octets.push(0x80 | (Math.floor(arc / 2 ** shift) & 0x7f))
    octets.push(arc & 0x7f)
  }
  return Uint8Array.from(octets)
}
