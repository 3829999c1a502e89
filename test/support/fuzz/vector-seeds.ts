import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromHex } from '@keyline/bytes'

const vectors = join(import.meta.dirname, '../../vectors')

/** A raw file of the house's vectors. */
export function vectorOctets(path: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(readFileSync(join(vectors, path)))
}

/** A member of a file that vectors refer to. */
export function vectorSetting(path: string, member: string): unknown {
  const json: Readonly<Record<string, unknown>> = JSON.parse(readText(path))
  return json[member]
}

/** The texts that stand under one member anywhere in a file of vectors whose case is not refused. */
export function vectorTexts(path: string, member: string): readonly string[] {
  const found: string[] = []
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect)
    if (typeof value !== 'object' || value === null) return
    for (const [name, inner] of Object.entries(value)) {
      if (name === member && typeof inner === 'string') found.push(inner)
      else collect(inner)
    }
  }
  const json: unknown = JSON.parse(readText(path))
  const cases =
    typeof json === 'object' && json !== null && 'vectors' in json && Array.isArray(json.vectors)
      ? json.vectors
      : []
  collect(cases.filter(({ valid }: { valid?: boolean }) => valid !== false))
  return found
}

/** The same as octets, from hexadecimal. */
export function vectorHex(path: string, member: string): readonly Uint8Array[] {
  return vectorTexts(path, member).map((text) => fromHex(text))
}

function readText(path: string): string {
  return readFileSync(join(vectors, path), 'utf8')
}
