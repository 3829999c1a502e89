import type { IncomingMessage } from 'node:http'
import { toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { ServerError } from '../../errors.ts'
import { unwrapCmw, wrapperOf } from './cmw.ts'
import { requireEvidenceType, type EvidenceType } from './evidence-type.ts'

/** Evidence as it came, and what it is. */
export interface Submitted {
  readonly type: EvidenceType
  readonly evidence: Uint8Array
  /** SHA-256 over content type and body, lower-case hexadecimal: equal for a retry of the transport (V3). Made on demand. */
  readonly requestHash: string
}

/**
 * Reads evidence in the order of the checks: is there any, its wrapper, its media type.
 * @throws ServerError `SERVER_BODY_EMPTY`, `SERVER_CMW`, `SERVER_MEDIA_TYPE`
 */
export function readSubmitted({ headers }: IncomingMessage, body: Uint8Array): Submitted {
  if (body.length === 0) {
    throw new ServerError('SERVER_BODY_EMPTY', 'unable to read evidence from the request body')
  }
  const contentType = headers['content-type'] ?? ''
  const wrapper = wrapperOf(contentType)
  const message = wrapper === undefined ? undefined : unwrapCmw(body, wrapper)
  const type = requireEvidenceType(message?.type ?? contentType)
  return {
    type,
    evidence: message?.value ?? body,
    get requestHash() {
      return requestHash(contentType, body)
    },
  }
}

/** What can be said of evidence whose body is too long to be read: its media type may be the greater fault. */
export function judgeUnread({ headers }: IncomingMessage): void {
  const contentType = headers['content-type'] ?? ''
  if (wrapperOf(contentType) === undefined) requireEvidenceType(contentType)
}

const encoder = new TextEncoder()
const separator = new Uint8Array(1)

function requestHash(contentType: string, body: Uint8Array): string {
  return toHex(sha256(encoder.encode(contentType), separator, body))
}
