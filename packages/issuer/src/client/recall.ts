import { fromBase64, toHex, type JsonValue } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { IssuerError } from '../errors.ts'
import { readAnswer } from './http-issuer.ts'
import { jsonObjectOf, textMember, type JsonObject } from './json-object.ts'
import { callServer, type ServerApiOptions } from './server-api.ts'

/** What a server has issued to a request whose answer never came. */
export interface RecalledDac {
  /** X.509 DER. */
  readonly certificate: Uint8Array
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly sha256: string
  /** What the server compares a repeated request with; the same as in the record of the station. */
  readonly requestHash: string
  /** Key identifier of its PAI, lower-case hexadecimal. */
  readonly issuerKeyId: string
}

export interface RecallQuestion {
  readonly orderId: string
  readonly idempotencyKey: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks a server of ours what became of a request of this station. It issues nothing.
 * @returns nothing when the request has brought no certificate
 * @throws IssuerError, also of a server that has no such call
 */
export async function recallDac(
  api: ServerApiOptions,
  { orderId, idempotencyKey, signal }: RecallQuestion,
): Promise<RecalledDac | undefined> {
  const path = `/v1/orders/${encodeURIComponent(orderId)}/dac`
  const headers = { 'idempotency-key': idempotencyKey }
  try {
    const answer = await callServer(api, { method: 'GET', path, headers, signal })
    return readAnswer(`GET ${path}`, () => readRecall(answer))
  } catch (error) {
    const isUnknown = error instanceof IssuerError && error.details['code'] === 'SERVER_NOT_FOUND'
    if (isUnknown) return undefined
    throw error
  }
}

/** The certificate of an answer. @throws BytesError `BYTES_TEXT`, IssuerError `ISSUER_ANSWER_MALFORMED` */
export function readRecall(answer: JsonValue): RecalledDac {
  const found = jsonObjectOf(answer, 'answer')
  const certificate = fromBase64(textMember(found, 'certificate'), 'certificate')
  return {
    certificate,
    sha256: toHex(sha256(certificate)),
    requestHash: hexMember(found, 'requestHash', 64),
    issuerKeyId: hexMember(found, 'issuerKeyId', 40),
  }
}

function hexMember(object: JsonObject, member: string, length: number): string {
  const text = textMember(object, member)
  if (text.length === length && /^[0-9a-f]*$/.test(text)) return text
  throw new IssuerError('ISSUER_ANSWER_MALFORMED', `the member "${member}" is no hash`)
}
