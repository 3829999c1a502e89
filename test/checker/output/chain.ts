import { sha256Hex } from './octets.ts'

/** Hash in front of the first record. */
export const chainStart = '0'.repeat(64)

/** The hash of a record behind another: SHA-256(previous hash ‖ canonical JSON without `hash`). */
export function linkHash(previous: string, record: Readonly<Record<string, unknown>>): string {
  const members = Object.entries(record).filter(([name]) => name !== 'hash')
  const text = canonicalText(Object.fromEntries(members))
  return sha256Hex(Buffer.from(previous, 'hex'), Buffer.from(text, 'utf8'))
}

/** JSON with sorted members and without blanks (RFC 8785), for values without fractions. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`)
  return `{${members.sort(byCodeUnit).join(',')}}`
}

/** Names are plain words here, so that the quoted member sorts as its name does. */
function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
