import { DerTag, Oid, readName, type NameAttribute } from '@keyline/x509/read'

/** Attribute types that carry the ids in the names of attestation certificates. */
export const MatterOid = {
  vendorId: '1.3.6.1.4.1.37244.2.1',
  productId: '1.3.6.1.4.1.37244.2.2',
} as const

/** What a name says of vendor and product (matter-factory-data 10.3). */
export interface MatterIds {
  readonly vendorId?: number | undefined
  readonly productId?: number | undefined
  /** Where the ids stand: in attributes of their own, in the common name, or nowhere. */
  readonly encoding: 'oid' | 'cn' | 'none'
  /** Why the name is invalid; then neither id is given. */
  readonly problem?: string | undefined
}

/** Octets of a common name that are searched. */
const searchedOctets = 64

/**
 * Vendor and product id of a name: from the attributes made for them, each a UTF8String of four upper-case hexadecimal
 * digits and at most once; only when there is none, from `Mvid:` and `Mpid:` in a common name.
 * @param nameDer DER of the name
 * @throws X509Error `DER_MALFORMED`
 */
export function matterIds(nameDer: Uint8Array): MatterIds {
  const attributes = readName(nameDer)
  const vendors: NameAttribute[] = []
  const products: NameAttribute[] = []
  for (const attribute of attributes) {
    if (attribute.type === MatterOid.vendorId) vendors.push(attribute)
    if (attribute.type === MatterOid.productId) products.push(attribute)
  }
  if (vendors.length > 0 || products.length > 0) return idsOfAttributes(vendors, products)
  for (const { type, value } of attributes) {
    if (type !== Oid.commonName) continue
    const ids = commonNameIds(value)
    if (ids.encoding === 'cn') return ids
  }
  return { encoding: 'none' }
}

/**
 * Fallback for names without the attributes: `Mvid:` and `Mpid:`, each followed by four upper-case hexadecimal digits,
 * inside the first 64 octets; the first valid occurrence counts.
 * @param commonName content octets of the common name
 */
export function commonNameIds(commonName: Uint8Array): MatterIds {
  const text = latin1(commonName.subarray(0, searchedOctets))
  const vendorId = idBehind(text, 'Mvid:')
  const productId = idBehind(text, 'Mpid:')
  if (vendorId === 'invalid' || productId === 'invalid') {
    const prefix = vendorId === 'invalid' ? 'Mvid:' : 'Mpid:'
    const problem = `${prefix} in the common name is not followed by four upper-case hexadecimal digits`
    return { encoding: 'cn', problem }
  }
  if (vendorId === undefined && productId === undefined) return { encoding: 'none' }
  return { vendorId, productId, encoding: 'cn' }
}

function idsOfAttributes(
  vendors: readonly NameAttribute[],
  products: readonly NameAttribute[],
): MatterIds {
  if (vendors.length > 1 || products.length > 1) {
    const which = vendors.length > 1 ? 'vendor' : 'product'
    return { encoding: 'oid', problem: `the ${which} id stands more than once in the name` }
  }
  const [vendor] = vendors
  const [product] = products
  const vendorId = vendor === undefined ? undefined : idOf(vendor)
  const productId = product === undefined ? undefined : idOf(product)
  if (vendorId === 'invalid' || productId === 'invalid') {
    const which = vendorId === 'invalid' ? 'vendor' : 'product'
    const problem = `the ${which} id is not a UTF8String of four upper-case hexadecimal digits`
    return { encoding: 'oid', problem }
  }
  return { vendorId, productId, encoding: 'oid' }
}

function idOf({ tag, value }: NameAttribute): number | 'invalid' {
  if (tag !== DerTag.utf8String || value.length !== 4) return 'invalid'
  let id = 0
  for (const character of value) {
    const isDigit = character >= 0x30 && character <= 0x39
    const isLetter = character >= 0x41 && character <= 0x46
    if (!isDigit && !isLetter) return 'invalid'
    id = id * 16 + character - (isDigit ? 0x30 : 0x37)
  }
  return id
}

function idBehind(text: string, prefix: string): number | 'invalid' | undefined {
  if (!text.includes(prefix)) return undefined
  const digits = new RegExp(`${prefix}([0-9A-F]{4})`).exec(text)?.[1]
  return digits === undefined ? 'invalid' : Number.parseInt(digits, 16)
}

/** One character an octet, so that positions are positions of octets. */
function latin1(octets: Uint8Array): string {
  return String.fromCharCode(...octets)
}
