import { encodeUtf8, fromBase64, toBase64 } from '@keyline/bytes'
import { parseCertsOnly, type Certificate } from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import { mediaTypeOf, type HttpAnswer, type HttpRequest } from './http-transport.ts'

/** Path of an end of EST; the label names a work order, or `members`. RFC 7030 section 3.2.2. */
export function estPath(end: string, label?: string): string {
  const place = label === undefined ? '' : `${encodeURIComponent(label)}/`
  return `/.well-known/est/${place}${end}`
}

/** A request for a certificate: PKCS#10 in base64, in lines (RFC 7030 section 4.2, RFC 8951 section 3). */
export function estEnrolment(path: string, csr: Uint8Array): HttpRequest {
  const lines = toBase64(csr).match(/.{1,64}/g) ?? []
  return {
    method: 'POST',
    path,
    headers: {
      'content-type': 'application/pkcs10',
      'content-transfer-encoding': 'base64',
      accept: 'application/pkcs7-mime',
    },
    body: encodeUtf8(lines.map((line) => `${line}\r\n`).join('')),
  }
}

/**
 * The certificates of an answer: certs-only in base64, with or without line ends, with or without the parameter
 * `smime-type`; `Content-Transfer-Encoding` says nothing (RFC 8951 section 3).
 * @throws BytesError `BYTES_TEXT`, X509Error, IssuerError `ISSUER_ANSWER_MALFORMED`
 */
export function readCertificates(
  answer: Pick<HttpAnswer, 'header' | 'body'>,
): readonly Certificate[] {
  const type = mediaTypeOf(answer)
  const kind = /;\s*smime-type\s*=\s*"?([\w-]+)"?/i.exec(answer.header('content-type') ?? '')?.[1]
  const isCertsOnly = kind === undefined || kind.toLowerCase() === 'certs-only'
  if (type !== 'application/pkcs7-mime' || !isCertsOnly) {
    const found = kind === undefined ? type : `${type} with ${kind}`
    throw new IssuerError('ISSUER_ANSWER_MALFORMED', `the answer is of type ${found}`)
  }
  const text = new TextDecoder('latin1').decode(answer.body)
  return parseCertsOnly(fromBase64(text.replaceAll(/[\r\n\t ]/g, ''), 'answer'))
}
