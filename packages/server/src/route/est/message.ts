import { fromBase64, isKeylineError, toBase64 } from '@keyline/bytes'
import { buildCertsOnly } from '@keyline/x509'
import type { Answer } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'

/** Type of every certificate that EST hands out (RFC 7030 section 4.2.3). */
export const certsOnlyType = 'application/pkcs7-mime; smime-type=certs-only'

const lineLength = 64

/** An answer in the transfer form of EST: base64 with line breaks (RFC 8951 section 2.1). */
export function estBody(der: Uint8Array, status = 200, type = certsOnlyType): Answer {
  const body = toBase64(der).replaceAll(new RegExp(`.{1,${lineLength}}`, 'g'), '$&\n')
  return { status, type, body, headers: { 'Content-Transfer-Encoding': 'base64' } }
}

export function certificatesAnswer(certificates: readonly Uint8Array[]): Answer {
  return estBody(buildCertsOnly(certificates))
}

const ascii = new TextDecoder('latin1')

/**
 * The octets of a base64 body. Line breaks and blanks may stand anywhere, as RFC 8951 section 2.1 allows; all else is strict.
 * @throws ServerError `SERVER_BODY_INVALID`
 */
export function readEstBase64(body: Uint8Array): Uint8Array {
  try {
    return fromBase64(ascii.decode(body).replaceAll(/[\r\n\t ]+/g, ''), 'the body')
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new ServerError('SERVER_BODY_INVALID', cause.message, { cause })
  }
}
