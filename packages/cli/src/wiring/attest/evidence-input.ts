import {
  decodeUtf8,
  fromBase64,
  fromBase64url,
  fromHex,
  isKeylineError,
  type JsonValue,
  parseJson,
} from '@keyline/bytes'
import { CliError } from '../../errors.ts'
import { placeOf, readInput } from '../pki-input.ts'

/** How a message was written down. */
export type WrittenForm = 'octets' | 'hex' | 'base64' | 'base64url' | 'wrapper' | 'JWT' | 'JSON'

/** What a file or the standard input holds, before it is known what it says. */
export type WrittenMessage = { readonly place: string } & (
  | {
      readonly form: 'octets' | 'hex' | 'base64' | 'base64url' | 'wrapper'
      readonly octets: Uint8Array
      /** Of the wrapper: `TOKEN`. */
      readonly label?: string | undefined
    }
  | { readonly form: 'JWT'; readonly text: string }
  | { readonly form: 'JSON'; readonly json: JsonValue }
)

const text = /^[\t\n\r -~]*$/
const wrapper = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g
const compactJws = /^[\w-]+\.[\w-]+\.[\w-]*$/
const digits = /^(?:[0-9a-f]{2})+$/
const mostJsonDepth = 32

/**
 * Reads a message in any form that people keep such messages in: its octets, hexadecimal (also with blanks, colons,
 * `0x` and commas), base64, base64url, wrapped between BEGIN and END lines, a compact JWS, JSON.
 * @throws CliError `CLI_FILE`, `CLI_INPUT`
 */
export async function readWritten(path: string): Promise<WrittenMessage> {
  return writtenMessage(await readInput(path, 'attestation'), placeOf(path))
}

/** The same for octets that are there already. @throws CliError `CLI_INPUT` */
export function writtenMessage(octets: Uint8Array, place: string): WrittenMessage {
  const content = textOf(octets)
  if (content === undefined) return { place, form: 'octets', octets }
  const trimmed = content.trim()
  if (trimmed.includes('-----BEGIN ')) return unwrapped(trimmed, place)
  const bytes = encodedOctets(trimmed)
  if (bytes !== undefined) return { place, ...bytes }
  if (compactJws.test(trimmed)) return { place, form: 'JWT', text: trimmed }
  if (trimmed.startsWith('{')) return { place, form: 'JSON', json: jsonIn(trimmed, place) }
  throw new CliError(
    'CLI_INPUT',
    `${place} is a text that is neither hexadecimal, base64, base64url, a wrapper, a JWT nor JSON`,
  )
}

/** Octets of a challenge or an id as people write them: hexadecimal, base64 or base64url; nothing when it is none. */
export function encodedOctets(
  written: string,
): { readonly form: 'hex' | 'base64' | 'base64url'; readonly octets: Uint8Array } | undefined {
  const hex = written.replaceAll(/[\s,:{}]|0x/gi, '').toLowerCase()
  if (digits.test(hex)) return { form: 'hex', octets: fromHex(hex) }
  const dense = written.replaceAll(/\s/g, '')
  if (dense === '') return undefined
  const base64 = attempt(() => fromBase64(dense.padEnd(Math.ceil(dense.length / 4) * 4, '=')))
  if (base64 !== undefined) return { form: 'base64', octets: base64 }
  const base64url = attempt(() => fromBase64url(dense.replace(/=+$/, '')))
  return base64url && { form: 'base64url', octets: base64url }
}

/** ST's sample prints its token, key and certificate between such lines; the first block that is no certificate counts. */
function unwrapped(written: string, place: string): WrittenMessage {
  const blocks = [...written.matchAll(wrapper)]
  const block =
    blocks.find(([, label]) => label !== 'CERTIFICATE' && label !== 'PUBLIC KEY') ?? blocks[0]
  const [, label = '', content = ''] = block ?? []
  const bytes = encodedOctets(content.trim())
  if (bytes !== undefined) return { place, form: 'wrapper', label, octets: bytes.octets }
  throw new CliError(
    'CLI_INPUT',
    `${place} has no END line to its BEGIN line, or neither hexadecimal nor base64 in between`,
  )
}

function textOf(octets: Uint8Array): string | undefined {
  // A CBOR message that is no text shows it at once; a long one is not turned into a text for it.
  const start = octets.subarray(0, 64)
  if (!text.test(String.fromCharCode(...start))) return undefined
  const content = attempt(() => decodeUtf8(octets))
  return content !== undefined && isText(content) ? content : undefined
}

function isText(content: string): boolean {
  return content.startsWith('{') || text.test(content)
}

function jsonIn(content: string, place: string): JsonValue {
  try {
    return parseJson(content, place, { maxDepth: mostJsonDepth })
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new CliError('CLI_INPUT', cause.message, { cause })
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isKeylineError(error)) return undefined
    throw error
  }
}
