import { fromBase64url, isKeylineError, type Random } from '@keyline/bytes'
import { ServerError } from '../../errors.ts'
import { stampedNonceLength } from './stamped-nonce.ts'

const least = 8
const most = 64
const drawn = 32

/**
 * Nonce of a new session (attestation-verifier 2.1): the one of the caller, or one that is drawn. A parameter with an
 * empty value counts as absent.
 * @throws ServerError `SERVER_NONCE_EXCLUSIVE`, `SERVER_NONCE_SIZE`, `SERVER_NONCE_ENCODING`, `SERVER_NONCE_LENGTH`
 */
export function sessionNonce(query: URLSearchParams, random: Random): Uint8Array {
  const nonce = query.get('nonce') ?? ''
  const size = query.get('nonceSize') ?? ''
  if (nonce !== '' && size !== '') {
    throw refused('SERVER_NONCE_EXCLUSIVE', 'nonce and nonceSize are mutually exclusive')
  }
  if (nonce === '') return random.bytes(size === '' ? drawn : sizeOf(size))
  const octets = decoded(nonce)
  const { length } = octets
  if (length >= least && length <= most) return octets
  throw refused('SERVER_NONCE_LENGTH', `nonce must be between 8 and 64 bytes long; got ${length}`)
}

/**
 * Nonce beside evidence that comes without a session (2.7).
 * @throws ServerError `SERVER_NONCE_MISSING`, `SERVER_NONCE_ENCODING`, `SERVER_NONCE_LENGTH`
 */
export function requestNonce(query: URLSearchParams): Uint8Array {
  const nonce = query.get('nonce') ?? ''
  if (nonce === '') throw refused('SERVER_NONCE_MISSING', 'nonce is missing')
  const octets = decoded(nonce)
  if (octets.length === stampedNonceLength) return octets
  throw refused(
    'SERVER_NONCE_LENGTH',
    `nonce must be ${stampedNonceLength} bytes long; got ${octets.length}`,
  )
}

function sizeOf(text: string): number {
  const size = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (size >= least && size <= most) return size
  throw refused('SERVER_NONCE_SIZE', `nonceSize must be in range ${least}..${most}`)
}

/** Base64url, with its padding or without any. */
function decoded(text: string): Uint8Array {
  const digits = text.replace(/={1,2}$/, '')
  const isWhole = digits === text || text.length % 4 === 0
  try {
    if (isWhole) return fromBase64url(digits, 'nonce')
  } catch (error) {
    if (!isKeylineError(error)) throw error
  }
  throw refused('SERVER_NONCE_ENCODING', 'nonce must be valid base64')
}

function refused(
  code:
    | 'SERVER_NONCE_EXCLUSIVE'
    | 'SERVER_NONCE_SIZE'
    | 'SERVER_NONCE_ENCODING'
    | 'SERVER_NONCE_LENGTH'
    | 'SERVER_NONCE_MISSING',
  message: string,
): ServerError {
  return new ServerError(code, `failed handling nonce request: ${message}`)
}
