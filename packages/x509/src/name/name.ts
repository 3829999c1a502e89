import { BytesError, decodeUtf8, encodeUtf8 } from '@keyline/bytes'
import { DerReader } from '../der/reader.ts'
import { DerTag } from '../der/tag.ts'
import { derOid, derSequence, derSet, derValue } from '../der/writer.ts'
import { X509Error } from '../errors.ts'

/** One attribute of a name as it stands in DER. */
export interface NameAttribute {
  /** Dotted type, for example `2.5.4.3`. */
  readonly type: string
  /** Tag of the string type. */
  readonly tag: number
  /** Content octets of the string. */
  readonly value: Uint8Array
}

/** What {@link name} encodes: a UTF8String unless `printable` is set. */
export interface NameInput {
  readonly type: string
  readonly value: string
  readonly printable?: boolean | undefined
}

/** DER of a name in which each attribute is a relative distinguished name of its own, in the given order. */
export function name(attributes: readonly NameInput[]): Uint8Array<ArrayBuffer> {
  const rdns = attributes.map(({ type, value, printable }) => {
    if (printable === true && !/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value)) {
      throw new X509Error('X509_VALUE', `${JSON.stringify(value)} is not a PrintableString`)
    }
    const tag = printable === true ? DerTag.printableString : DerTag.utf8String
    return derSet(derSequence(derOid(type), derValue(tag, encodeUtf8(value))))
  })
  return derSequence(...rdns)
}

/** Reads a name as DER, its structure proven; its attributes are read when they are needed. @throws X509Error `DER_MALFORMED` */
export function readNameDer(reader: DerReader, field: string): Uint8Array {
  const der = reader.whole(field, DerTag.sequence)
  const rdns = new DerReader(der).sequence(field)
  while (!rdns.isAtEnd) {
    const rdn = rdns.set('relative distinguished name')
    do {
      const attribute = rdn.sequence('attribute')
      attribute.skip('attribute type', DerTag.oid)
      attribute.skip('attribute value')
      attribute.end('attribute')
    } while (!rdn.isAtEnd)
  }
  return der
}

/** Attributes of a name in their order, multi-valued ones in the order of their set. @throws X509Error `DER_MALFORMED` */
export function readName(der: Uint8Array): readonly NameAttribute[] {
  const outer = new DerReader(der)
  const rdns = outer.sequence('name')
  outer.end('name')
  const attributes: NameAttribute[] = []
  while (!rdns.isAtEnd) {
    const rdn = rdns.set('relative distinguished name')
    do {
      const attribute = rdn.sequence('attribute')
      const type = attribute.oid('attribute type')
      const { tag, content: value } = attribute.any('attribute value')
      attribute.end('attribute')
      attributes.push({ type, tag, value })
    } while (!rdn.isAtEnd)
  }
  return attributes
}

/** Text of an attribute: UTF-8, of which the ASCII string types are a part; undefined where it is neither. */
export function attributeText(attribute: NameAttribute): string | undefined {
  const { tag, value } = attribute
  const isText =
    tag === DerTag.utf8String || tag === DerTag.printableString || tag === DerTag.ia5String
  if (!isText) return undefined
  try {
    const text = decodeUtf8(value)
    return tag === DerTag.utf8String || text.length === value.length ? text : undefined
  } catch (error) {
    if (error instanceof BytesError) return undefined
    throw error
  }
}
