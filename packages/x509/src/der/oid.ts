import { X509Error } from '../errors.ts'
import { maxOidArc } from './limits.ts'

/** Dotted form of the content octets of an OBJECT IDENTIFIER. @throws X509Error `DER_MALFORMED` */
export function oidText(content: Uint8Array, field = 'object identifier'): string {
  let text = ''
  let arc = 0
  let isFirst = true
  let isOpen = false
  for (const octet of content) {
    if (!isOpen && octet === 0x80) throw malformed(field, 'has an arc with leading zeros')
    arc = arc * 128 + (octet & 0x7f)
    if (arc > maxOidArc) throw malformed(field, 'has an arc above 2^31')
    isOpen = (octet & 0x80) !== 0
    if (isOpen) continue
    if (isFirst) {
      const root = Math.min(Math.floor(arc / 40), 2)
      text = `${root}.${arc - root * 40}`
      isFirst = false
    } else {
      text += `.${arc}`
    }
    arc = 0
  }
  if (isFirst || isOpen) throw malformed(field, 'ends inside an arc')
  return text
}

/** Content octets of a dotted object identifier. @throws X509Error `X509_VALUE` */
export function oidContent(text: string): Uint8Array<ArrayBuffer> {
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

function malformed(field: string, what: string): X509Error {
  return new X509Error('DER_MALFORMED', `${field} ${what}`)
}
