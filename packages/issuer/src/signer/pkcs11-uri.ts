import { decodeUtf8, encodeUtf8, toHexUpper } from '@keyline/bytes'
import { IssuerError } from '../errors.ts'

/**
 * The name of a key in a PKCS#11 token (RFC 7512): which token, which object in it, through which module, and where
 * its PIN is read. A PIN itself never stands in it. Texts are without the padding that tokens give them.
 */
export interface Pkcs11Uri {
  /** Label of the token. */
  readonly token?: string | undefined
  readonly manufacturer?: string | undefined
  readonly model?: string | undefined
  /** Serial number of the token. */
  readonly serial?: string | undefined
  readonly slotId?: number | undefined
  /** Label of the key (CKA_LABEL). */
  readonly object?: string | undefined
  /** CKA_ID, 1 to 64 octets. */
  readonly id?: Uint8Array | undefined
  /** Path of the shared library. */
  readonly modulePath?: string | undefined
  /** Path of the file whose first line is the PIN. */
  readonly pinFile?: string | undefined
}

const scheme = 'pkcs11:'
const longestUri = 2048
const longestId = 64
const pathOctets = /^[\w.~:[\]@!$'()*+,=&%-]*$/
const queryOctets = /^[\w.~:[\]@!$'()*+,=/?|%-]*$/
const pathNames = ['token', 'manufacturer', 'model', 'serial', 'slot-id', 'object', 'id', 'type']
const queryNames = ['module-path', 'pin-source']

export function isPkcs11Uri(text: string): boolean {
  return text.startsWith(scheme)
}

/**
 * Reads `pkcs11:token=…;object=…;id=%01?module-path=…&pin-source=file:…`. It must name a key (`object` or `id`) and its
 * token (`token`, `serial` or `slot-id`). Unknown and repeated attributes are refused, as is a PIN (`pin-value`).
 * @throws IssuerError `ISSUER_KEY_URI`
 */
export function parsePkcs11Uri(text: string): Pkcs11Uri {
  if (!isPkcs11Uri(text)) throw refusal('it does not begin with pkcs11:')
  if (text.length > longestUri) throw refusal(`it has more than ${longestUri} characters`)
  const [path = '', query, ...rest] = text.slice(scheme.length).split('?')
  const inQuery = query === undefined ? '' : [query, ...rest].join('?')
  if (query === '') throw refusal('nothing stands behind its question mark')
  const named = attributes(path, ';', { names: pathNames, octets: pathOctets })
  const asked = attributes(inQuery, '&', { names: queryNames, octets: queryOctets })
  const type = textOf(named, 'type')
  if (type !== undefined && type !== 'private') {
    throw refusal(`type is ${type}, but must be private or left out`)
  }
  const uri: Pkcs11Uri = {
    token: textOf(named, 'token'),
    manufacturer: textOf(named, 'manufacturer'),
    model: textOf(named, 'model'),
    serial: textOf(named, 'serial'),
    slotId: slotOf(textOf(named, 'slot-id')),
    object: textOf(named, 'object'),
    id: idOf(named.get('id')),
    modulePath: textOf(asked, 'module-path'),
    pinFile: pinFileOf(textOf(asked, 'pin-source')),
  }
  if (uri.object === undefined && uri.id === undefined) {
    throw refusal('it names no key: object or id is missing')
  }
  if (uri.token === undefined && uri.serial === undefined && uri.slotId === undefined) {
    throw refusal('it names no token: token, serial or slot-id is missing')
  }
  return uri
}

/** The one spelling of a name: attributes in a fixed order, all but unreserved characters escaped. */
export function formatPkcs11Uri(uri: Pkcs11Uri): string {
  const path = [
    ['token', escaped(uri.token)],
    ['manufacturer', escaped(uri.manufacturer)],
    ['model', escaped(uri.model)],
    ['serial', escaped(uri.serial)],
    ['slot-id', uri.slotId?.toString()],
    ['object', escaped(uri.object)],
    ['id', uri.id === undefined ? undefined : toHexUpper(uri.id).replace(/../g, '%$&')],
  ]
  const query = [
    ['module-path', escapedPath(uri.modulePath)],
    ['pin-source', uri.pinFile === undefined ? undefined : `file:${escapedPath(uri.pinFile)}`],
  ]
  const behind = joined(query, '&')
  return `${scheme}${joined(path, ';')}${behind === '' ? '' : `?${behind}`}`
}

function joined(pairs: readonly (readonly (string | undefined)[])[], separator: string): string {
  return pairs
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    .join(separator)
}

/** A slash needs no escape behind the question mark. */
function escapedPath(text: string | undefined): string | undefined {
  return escaped(text)?.replaceAll('%2F', '/')
}

function escaped(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  return encodeURIComponent(text).replace(/[!'()*]/g, (letter) => {
    return `%${letter.charCodeAt(0).toString(16).toUpperCase()}`
  })
}

type Attributes = ReadonlyMap<string, Uint8Array>

function attributes(
  text: string,
  separator: string,
  allowed: { readonly names: readonly string[]; readonly octets: RegExp },
): Attributes {
  const found = new Map<string, Uint8Array>()
  if (text === '') return found
  for (const part of text.split(separator)) {
    const at = part.indexOf('=')
    const name = at < 0 ? part : part.slice(0, at)
    if (name === 'pin-value') {
      throw refusal(
        'it holds a PIN (pin-value)',
        'write the PIN to a file and name it with pin-source=file:…',
      )
    }
    if (!allowed.names.includes(name)) {
      throw refusal(`it has ${JSON.stringify(name)} where ${allowed.names.join(', ')} may stand`)
    }
    if (at < 0) throw refusal(`${name} has no value`)
    if (found.has(name)) throw refusal(`${name} stands twice in it`)
    found.set(name, unescaped(name, part.slice(at + 1), allowed.octets))
  }
  return found
}

function unescaped(name: string, text: string, octets: RegExp): Uint8Array {
  if (text === '') throw refusal(`${name} is empty`)
  if (!octets.test(text) || /%(?![0-9a-f]{2})/i.test(text)) {
    throw refusal(`${name} has a character that must be escaped as %HH`)
  }
  const plain = text.split(/%([0-9a-f]{2})/i)
  const values = plain.flatMap((part, place) =>
    place % 2 === 1 ? [Number.parseInt(part, 16)] : [...encodeUtf8(part)],
  )
  return Uint8Array.from(values)
}

function textOf(found: Attributes, name: string): string | undefined {
  const octets = found.get(name)
  if (octets === undefined) return undefined
  let text: string
  try {
    text = decodeUtf8(octets, name)
  } catch (cause) {
    throw new IssuerError('ISSUER_KEY_URI', `the name of the key: ${name} is no UTF-8`, { cause })
  }
  if (text.includes('\0')) throw refusal(`${name} holds a NUL`)
  return text
}

function slotOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const slot = Number(text)
  if (/^(?:0|[1-9]\d*)$/.test(text) && slot <= 0xffff_ffff) return slot
  throw refusal(`slot-id is ${text}, but must be a whole number of 32 bit`)
}

function idOf(octets: Uint8Array | undefined): Uint8Array | undefined {
  if (octets === undefined || octets.length <= longestId) return octets
  throw refusal(`id has ${octets.length} octets, ${longestId} at most`)
}

function pinFileOf(source: string | undefined): string | undefined {
  if (source === undefined) return undefined
  const path = /^file:(?:\/\/(?=\/))?(.+)$/s.exec(source)?.[1]
  if (path !== undefined) return path
  throw refusal('pin-source must be file: and a path')
}

/** Nothing of the text is repeated: it may hold a PIN by mistake. */
function refusal(why: string, remedy?: string): IssuerError {
  const options = remedy === undefined ? {} : { remedy }
  return new IssuerError('ISSUER_KEY_URI', `the name of the key: ${why}`, options)
}
