import { readName, type NameAttribute } from '@keyline/x509'

/** One id of a name: its value, or why there is none. */
export type IdReading =
  | { readonly kind: 'id'; readonly id: number }
  | { readonly kind: 'absent' | 'wrong'; readonly problem: string }

export interface SubjectIds {
  readonly vendorId: IdReading
  readonly productId: IdReading
}

const commonName = '2.5.4.3'
const vendorIdType = '1.3.6.1.4.1.37244.2.1'
const productIdType = '1.3.6.1.4.1.37244.2.2'
const utf8String = 0x0c
const searchedOctets = 64

/** The ids of a name: from its attributes, from the common name only without any. Source: matter 10.3. */
export function readSubjectIds(name: Uint8Array): SubjectIds {
  const attributes = readName(name)
  const vendor = attributes.filter(({ type }) => type === vendorIdType)
  const product = attributes.filter(({ type }) => type === productIdType)
  if (vendor.length + product.length > 0) {
    return {
      vendorId: fromAttributes(vendor, 'vendor id'),
      productId: fromAttributes(product, 'product id'),
    }
  }
  const names = attributes
    .filter(({ type }) => type === commonName)
    .map(({ value }) => latin1(value.subarray(0, searchedOctets)))
  return { vendorId: fromNames(names, 'Mvid:'), productId: fromNames(names, 'Mpid:') }
}

function fromAttributes(attributes: readonly NameAttribute[], what: string): IdReading {
  const [attribute, ...others] = attributes
  if (attribute === undefined) return { kind: 'absent', problem: `no attribute names a ${what}` }
  if (others.length > 0) {
    return { kind: 'wrong', problem: `${attributes.length} attributes name a ${what}, not one` }
  }
  const id = attribute.tag === utf8String ? fourDigits(attribute.value) : undefined
  return id === undefined
    ? { kind: 'wrong', problem: `the ${what} is not a UTF8String of four upper-case hex digits` }
    : { kind: 'id', id }
}

function fromNames(names: readonly string[], prefix: 'Mvid:' | 'Mpid:'): IdReading {
  for (const name of names) {
    const digits = new RegExp(`${prefix}([0-9A-F]{4})`).exec(name)?.[1]
    if (digits !== undefined) return { kind: 'id', id: Number.parseInt(digits, 16) }
    if (name.includes(prefix)) {
      return { kind: 'wrong', problem: `${prefix} in the common name is without four digits` }
    }
  }
  return { kind: 'absent', problem: `neither an attribute nor ${prefix} is there` }
}

/** The number of exactly four digits 0-9, A-F in ASCII. */
function fourDigits(octets: Uint8Array): number | undefined {
  if (octets.length !== 4) return undefined
  let id = 0
  for (const octet of octets) {
    const isDecimal = octet >= 0x30 && octet <= 0x39
    if (!isDecimal && (octet < 0x41 || octet > 0x46)) return undefined
    id = id * 16 + (isDecimal ? octet - 0x30 : octet - 0x37)
  }
  return id
}

/** One character an octet, so that a cut inside a UTF-8 character does no harm. */
function latin1(octets: Uint8Array): string {
  return String.fromCharCode(...octets)
}
