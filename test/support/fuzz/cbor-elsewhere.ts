import { toHex } from '@keyline/bytes'
import { CborFloat } from '@keyline/eat'

/**
 * A decoded value, ours or another decoder's, as a text that can be compared; nothing for what only one of them has:
 * tags, simple values, and keys of maps that are neither integers nor texts.
 */
export function comparableCbor(value: unknown): string | undefined {
  if (value instanceof CborFloat) return numberText(value.value)
  if (typeof value === 'number' || typeof value === 'bigint') return numberText(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (value instanceof Uint8Array) return `h'${toHex(value)}'`
  if (Array.isArray(value)) return joined(value.map(comparableCbor), '[')
  if (!(value instanceof Map)) return undefined
  const entries = Array.from(value, ([key, member]) => {
    const isPlain = typeof key === 'number' || typeof key === 'bigint' || typeof key === 'string'
    const shown = comparableCbor(member)
    return isPlain && shown !== undefined ? `${comparableCbor(key)}: ${shown}` : undefined
  })
  return joined(entries, '{')
}

function joined(parts: ReadonlyArray<string | undefined>, opening: string): string | undefined {
  return parts.includes(undefined) ? undefined : `${opening}${parts.join(', ')}`
}

/** 1.0 is 1 to a decoder without a type for floats. */
function numberText(value: number | bigint): string {
  return Object.is(value, -0) ? '0' : String(value)
}
