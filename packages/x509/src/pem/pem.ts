import { BytesError, fromBase64, toBase64 } from '@keyline/bytes'
import { X509Error } from '../errors.ts'

/** One PEM block, lines of 64 characters, with a newline at its end (RFC 7468). @param label for example `CERTIFICATE` */
export function pemEncode(label: string, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/**
 * Octets of the one PEM block in a text. Text before and behind the block is allowed, as tools write it;
 * a second block, another label, headers or loose base64 are not.
 * @throws X509Error `PEM_MALFORMED`
 */
export function pemDecode(text: string, label: string): Uint8Array<ArrayBuffer> {
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd())
  const begins = lines.flatMap((line, index) => (line.startsWith('-----BEGIN ') ? [index] : []))
  const [begin] = begins
  if (begin === undefined || begins.length > 1) {
    throw new X509Error('PEM_MALFORMED', `the text has ${begins.length} PEM blocks, not one`)
  }
  const found = lines[begin]
  if (found !== `-----BEGIN ${label}-----`) {
    throw new X509Error('PEM_MALFORMED', `the PEM block is ${found ?? ''}, not ${label}`)
  }
  const end = lines.indexOf(`-----END ${label}-----`, begin)
  if (end < 0) throw new X509Error('PEM_MALFORMED', `the PEM block of ${label} has no end`)
  try {
    const octets = fromBase64(lines.slice(begin + 1, end).join(''), `PEM block of ${label}`)
    if (octets.length > 0) return octets
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    throw new X509Error('PEM_MALFORMED', cause.message, { cause })
  }
  throw new X509Error('PEM_MALFORMED', `the PEM block of ${label} is empty`)
}
