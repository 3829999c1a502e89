import { decodeUtf8, fromBase64, isKeylineError, Secret } from '@keyline/bytes'

/** What stands in the header `Authorization` (RFC 7617, RFC 6750). */
export type Authorization =
  | { readonly scheme: 'basic'; readonly name: string; readonly password: Secret }
  | { readonly scheme: 'bearer'; readonly token: string }
  | { readonly scheme: 'none' }
  | { readonly scheme: 'malformed' }

/** Name of who may ask the service. */
export const credentialName = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/

const longest = 4_096
const malformed = { scheme: 'malformed' } as const

/** Reads the header; a form of it that no credentials have is `malformed`, which refuses as wrong ones do. */
export function readAuthorization(header: string | undefined): Authorization {
  if (header === undefined) return { scheme: 'none' }
  if (header.length > longest) return malformed
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +([A-Za-z0-9+/=._~-]+) *$/.exec(header) ?? []
  switch (scheme.toLowerCase()) {
    case 'basic':
      return readBasic(value)
    case 'bearer':
      return { scheme: 'bearer', token: value }
    default:
      return malformed
  }
}

function readBasic(value: string): Authorization {
  const octets = base64(value)
  const colon = octets?.indexOf(0x3a) ?? -1
  if (octets === undefined || colon < 0) return malformed
  const name = text(octets.subarray(0, colon))
  if (name === undefined || !credentialName.test(name)) return malformed
  return { scheme: 'basic', name, password: new Secret(octets.subarray(colon + 1)) }
}

function base64(value: string): Uint8Array | undefined {
  return attempt(() => fromBase64(value))
}

function text(octets: Uint8Array): string | undefined {
  return attempt(() => decodeUtf8(octets))
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isKeylineError(error)) return undefined
    throw error
  }
}
