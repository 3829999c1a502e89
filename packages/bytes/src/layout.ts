import { BytesError } from './errors.ts'
import { ByteReader } from './reader.ts'
import { ByteWriter } from './writer.ts'

/** One declared piece of a binary record: both ends, the documentation and the validator use the same value. */
export interface Field<T> {
  read(reader: ByteReader, path: string): T
  write(writer: ByteWriter, value: T, path: string): void
  /** Least and greatest encoded length in octets. */
  readonly min: number
  readonly max: number
  /** How a reference writes it: `slot u8`, `tag{8}`. */
  readonly notation?: string | undefined
}

export type ValueOf<F> = F extends Field<infer T> ? T : never

type Fields = Readonly<Record<string, Field<unknown>>>
type RecordOf<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never }

export const u8: Field<number> = {
  read: (reader, path) => reader.u8(path),
  write: (writer, value, path) => void writer.u8(value, path),
  min: 1,
  max: 1,
  notation: 'u8',
}

export const u16le: Field<number> = {
  read: (reader, path) => reader.u16le(path),
  write: (writer, value, path) => void writer.u16le(value, path),
  min: 2,
  max: 2,
  notation: 'u16le',
}

export const u16be: Field<number> = {
  read: (reader, path) => reader.u16be(path),
  write: (writer, value, path) => void writer.u16be(value, path),
  min: 2,
  max: 2,
  notation: 'u16',
}

export const u32le: Field<number> = {
  read: (reader, path) => reader.u32le(path),
  write: (writer, value, path) => void writer.u32le(value, path),
  min: 4,
  max: 4,
  notation: 'u32le',
}

export const u32be: Field<number> = {
  read: (reader, path) => reader.u32be(path),
  write: (writer, value, path) => void writer.u32be(value, path),
  min: 4,
  max: 4,
  notation: 'u32',
}

/** Exactly `length` octets. */
export function octets(length: number): Field<Uint8Array> {
  return {
    read: (reader, path) => reader.octets(length, path),
    write(writer, value, path) {
      if (value.length !== length) {
        throw new BytesError('BYTES_RANGE', `${path} has ${value.length} octets, not ${length}`)
      }
      writer.octets(value)
    },
    min: length,
    max: length,
    notation: `{${length}}`,
  }
}

/** A count or length field, then that many octets (at most `limit`). */
export function prefixedOctets(prefix: Field<number>, limit: number): Field<Uint8Array> {
  return {
    read(reader, path) {
      const length = prefix.read(reader, `${path}.length`)
      if (length > limit) {
        throw new BytesError('BYTES_RANGE', `${path} announces ${length} octets, at most ${limit}`)
      }
      return reader.octets(length, path)
    },
    write(writer, value, path) {
      if (value.length > limit) {
        throw new BytesError('BYTES_RANGE', `${path} has ${value.length} octets, at most ${limit}`)
      }
      prefix.write(writer, value.length, `${path}.length`)
      writer.octets(value)
    },
    min: prefix.min,
    max: prefix.max + limit,
    notation: 'lv',
  }
}

/** Fields one behind the other, without padding, in the order of declaration. */
export function layout<const F extends Fields>(fields: F): Field<RecordOf<F>> {
  const entries = Object.entries<Field<unknown>>(fields)
  return {
    read(reader, path) {
      const record: Record<string, unknown> = {}
      for (const [name, field] of entries) record[name] = field.read(reader, `${path}.${name}`)
      // Each declared name was just read by its own field: the mapped type is exactly this record.
      return record as RecordOf<F>
    },
    write(writer, value, path) {
      const record: Readonly<Record<string, unknown>> = value
      for (const [name, field] of entries) field.write(writer, record[name], `${path}.${name}`)
    },
    min: entries.reduce((sum, [, field]) => sum + field.min, 0),
    max: entries.reduce((sum, [, field]) => sum + field.max, 0),
    notation: entries.map(([name, field]) => `${name} ${field.notation ?? ''}`.trim()).join(' ‖ '),
  }
}

/** Decodes a complete value. @throws BytesError when octets are missing or left over. */
export function decode<T>(field: Field<T>, input: Uint8Array, what: string): T {
  const reader = new ByteReader(input)
  const value = field.read(reader, what)
  reader.end(what)
  return value
}

export function encode<T>(field: Field<T>, value: T, what: string): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(field.min)
  field.write(writer, value, what)
  return writer.finish()
}
