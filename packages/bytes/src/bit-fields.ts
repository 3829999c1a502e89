import { BytesError } from './errors.ts'
import type { Field } from './layout.ts'

/** Part of a word: its lowest bit, its width, and what stands in the record for it. */
export interface BitPart<T> {
  readonly shift: number
  readonly width: number
  read(bits: number, path: string): T
  write(value: T, path: string): number
}

/** One bit as a boolean. */
export function flag(shift: number): BitPart<boolean> {
  return { shift, width: 1, read: (bits) => bits === 1, write: (value) => (value ? 1 : 0) }
}

/** Some bits as a number. */
export function bits(shift: number, width: number): BitPart<number> {
  return { shift, width, read: (value) => value, write: (value) => value }
}

/** Some bits as a name. */
export function bitChoice<const N extends Readonly<Record<string, number>>>(
  shift: number,
  width: number,
  names: N,
): BitPart<keyof N & string> {
  const byCode = new Map<number, keyof N & string>(Object.entries(names).map(([n, c]) => [c, n]))
  return {
    shift,
    width,
    read(code, path) {
      const name = byCode.get(code)
      if (name === undefined) throw new BytesError('BYTES_RANGE', `${path} has no value ${code}`)
      return name
    },
    write(name, path) {
      const code = names[name]
      if (code === undefined) throw new BytesError('BYTES_RANGE', `${path} has no value ${name}`)
      return code
    },
  }
}

type BitRecord<P> = { readonly [K in keyof P]: P[K] extends BitPart<infer T> ? T : never }

/** A word of named bits, at most 31 of them. Bits without a name are ignored when read and written as zero. */
export function bitFields<const P extends Readonly<Record<string, BitPart<unknown>>>>(
  word: Field<number>,
  parts: P,
): Field<BitRecord<P>> {
  const entries = Object.entries<BitPart<unknown>>(parts)
  return {
    read(reader, path) {
      const all = word.read(reader, path)
      const record: Record<string, unknown> = {}
      for (const [name, part] of entries) {
        const { shift, width } = part
        record[name] = part.read((all >>> shift) & (2 ** width - 1), `${path}.${name}`)
      }
      // Each declared name was just read by its own part: the mapped type is exactly this record.
      return record as BitRecord<P>
    },
    write(writer, value, path) {
      const record: Readonly<Record<string, unknown>> = value
      let all = 0
      for (const [name, field] of entries) {
        const { shift, width } = field
        const part = field.write(record[name], `${path}.${name}`)
        if (!Number.isInteger(part) || part < 0 || part >= 2 ** width) {
          const message = `${path}.${name} is ${part}, but must be 0 to ${2 ** width - 1}`
          throw new BytesError('BYTES_RANGE', message)
        }
        all |= part << shift
      }
      word.write(writer, all, path)
    },
    min: word.min,
    max: word.max,
    notation: withBits(word, entries),
  }
}

/** A word of independent bits as the list of the names that are set, lowest bit first. Other bits are ignored. */
export function flagSet<const N extends Readonly<Record<string, number>>>(
  word: Field<number>,
  shifts: N,
): Field<ReadonlyArray<keyof N & string>> {
  const entries: ReadonlyArray<[keyof N & string, number]> = Object.entries(shifts)
  return {
    read(reader, path) {
      const all = word.read(reader, path)
      return entries.filter(([, shift]) => ((all >>> shift) & 1) === 1).map(([name]) => name)
    },
    write(writer, value, path) {
      let all = 0
      for (const name of value) {
        const shift = shifts[name]
        if (shift === undefined) throw new BytesError('BYTES_RANGE', `${path} has no flag ${name}`)
        all |= 1 << shift
      }
      word.write(writer, all, path)
    },
    min: word.min,
    max: word.max,
    notation: withBits(
      word,
      entries.map(([name, shift]) => [name, { shift, width: 1 }]),
    ),
  }
}

/** `u8 <7 change, 2..0 access>`: the word and the bits that have a name, the highest first. */
function withBits(
  { notation = '' }: Field<number>,
  entries: ReadonlyArray<readonly [string, Pick<BitPart<unknown>, 'shift' | 'width'>]>,
): string {
  const named = entries
    .toSorted(([, one], [, other]) => other.shift - one.shift)
    .map(([name, { shift, width }]) =>
      width === 1 ? `${shift} ${name}` : `${shift + width - 1}..${shift} ${name}`,
    )
  return `${notation} <${named.join(', ')}>`.trim()
}
