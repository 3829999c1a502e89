import { BytesError } from './errors.ts'
import type { Field } from './layout.ts'
import { ByteReader } from './reader.ts'
import { ByteWriter } from './writer.ts'

/** All octets up to the end of the input; a length stands nowhere. */
export function remaining(min = 0, max = 0xffff): Field<Uint8Array> {
  const claim = (octets: Uint8Array, path: string): Uint8Array => {
    if (octets.length >= min && octets.length <= max) return octets
    const message = `${path} has ${octets.length} octets, but must have ${min} to ${max}`
    throw new BytesError('BYTES_RANGE', message)
  }
  return {
    read(reader, path) {
      if (reader.remaining < min) return reader.octets(min, path)
      return claim(reader.rest(), path)
    },
    write: (writer, value, path) => void writer.octets(claim(value, path)),
    min,
    max,
    notation: min === max ? `{${min}}` : `{${min}..${max}}`,
  }
}

/** Octets that are always the same, then the value. */
export function prefixedBy<T>(prefix: readonly number[], field: Field<T>): Field<T> {
  const octets = Uint8Array.from(prefix)
  return {
    read(reader, path) {
      for (const expected of octets) {
        const found = reader.u8(`${path}.prefix`)
        if (found === expected) continue
        const message = `${path} is preceded by ${hexOf(found)} instead of ${hexOf(expected)}`
        throw new BytesError('BYTES_RANGE', message)
      }
      return field.read(reader, path)
    },
    write(writer, value, path) {
      writer.octets(octets)
      field.write(writer, value, path)
    },
    min: octets.length + field.min,
    max: octets.length + field.max,
    notation: `${[...octets].map(hexOf).join(' ')} ${field.notation ?? ''}`,
  }
}

/** A code on the wire, a name in the record. Codes without a name are refused. */
export function choice<const N extends Readonly<Record<string, number>>>(
  code: Field<number>,
  names: N,
): Field<keyof N & string> {
  const byCode = new Map<number, keyof N & string>(Object.entries(names).map(([n, c]) => [c, n]))
  const known = [...byCode].map(([c, n]) => `${hexOf(c)} ${n}`).join(', ')
  return {
    read(reader, path) {
      const found = code.read(reader, path)
      const name = byCode.get(found)
      if (name !== undefined) return name
      throw new BytesError('BYTES_RANGE', `${path} is ${hexOf(found)}, but must be one of ${known}`)
    },
    write(writer, value, path) {
      const wanted = names[value]
      if (wanted === undefined) {
        throw new BytesError('BYTES_RANGE', `${path} is ${value}, but must be one of ${known}`)
      }
      code.write(writer, wanted, path)
    },
    min: code.min,
    max: code.max,
    notation: code.notation,
  }
}

/** A value that has another form in the record than in the layout beneath. */
export function mapped<W, T>(
  field: Field<W>,
  read: (value: W, path: string) => T,
  write: (value: T, path: string) => W,
): Field<T> {
  return {
    read: (reader, path) => read(field.read(reader, path), path),
    write: (writer, value, path) => field.write(writer, write(value, path), path),
    min: field.min,
    max: field.max,
    notation: field.notation,
  }
}

/** A count, then that many items. */
export function list<T>(count: Field<number>, item: Field<T>, limit: number): Field<readonly T[]> {
  return {
    read(reader, path) {
      const length = count.read(reader, `${path}.count`)
      if (length > limit) throw tooMany(path, length, limit)
      return Array.from({ length }, (_, index) => item.read(reader, `${path}[${index}]`))
    },
    write(writer, value, path) {
      if (value.length > limit) throw tooMany(path, value.length, limit)
      count.write(writer, value.length, `${path}.count`)
      for (const [index, one] of value.entries()) item.write(writer, one, `${path}[${index}]`)
    },
    min: count.min,
    max: count.max + limit * item.max,
    notation: `count ${count.notation ?? ''} ( ${item.notation ?? ''} )*`,
  }
}

/** Items up to the end of the input. Each takes at least one octet. */
export function listToEnd<T>(item: Field<T>, limit: number): Field<readonly T[]> {
  return {
    read(reader, path) {
      const items: T[] = []
      while (reader.remaining > 0) {
        if (items.length === limit) throw tooMany(path, limit + 1, limit)
        items.push(item.read(reader, `${path}[${items.length}]`))
      }
      return items
    },
    write(writer, value, path) {
      if (value.length > limit) throw tooMany(path, value.length, limit)
      for (const [index, one] of value.entries()) item.write(writer, one, `${path}[${index}]`)
    },
    min: 0,
    max: limit * item.max,
    notation: `( ${item.notation ?? ''} )*`,
  }
}

/** A length, then a value that fills exactly that many octets. */
export function lengthPrefixed<T>(prefix: Field<number>, field: Field<T>): Field<T> {
  return {
    read(reader, path) {
      const length = prefix.read(reader, `${path}.length`)
      const inner = new ByteReader(reader.octets(length, path))
      const value = field.read(inner, path)
      inner.end(path)
      return value
    },
    write(writer, value, path) {
      const inner = new ByteWriter(field.min)
      field.write(inner, value, path)
      prefix.write(writer, inner.length, `${path}.length`)
      writer.octets(inner.finish())
    },
    min: prefix.min + field.min,
    max: prefix.max + field.max,
    notation: `lv( ${field.notation ?? ''} )`,
  }
}

/** A record whose further fields depend on its first ones. */
export function chain<A extends object, B extends object>(
  head: Field<A>,
  tail: (head: A) => Field<B>,
  bounds: { readonly min: number; readonly max: number; readonly notation?: string },
): Field<A & B> {
  return {
    read(reader, path) {
      const first = head.read(reader, path)
      return { ...first, ...tail(first).read(reader, path) }
    },
    write(writer, value, path) {
      head.write(writer, value, path)
      tail(value).write(writer, value, path)
    },
    min: head.min + bounds.min,
    max: head.max + bounds.max,
    notation: [head.notation, bounds.notation].filter((part) => part !== undefined).join(' '),
  }
}

function tooMany(path: string, count: number, limit: number): BytesError {
  return new BytesError('BYTES_RANGE', `${path} has ${count} items, at most ${limit}`)
}

function hexOf(octet: number): string {
  return octet.toString(16).toUpperCase().padStart(2, '0')
}
