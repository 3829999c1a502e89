import type { IncomingMessage } from 'node:http'
import { psaCorimProfile } from '@keyline/eat'
import { ServerError } from '../../errors.ts'
import { parseMediaType } from '../media/media-type.ts'

/** Media types of CoRIMs (attestation-verifier chapter 4). */
export const corimMediaTypes = [
  `application/rim+cbor; profile="${psaCorimProfile}"`,
  `application/rim+cose; profile="${psaCorimProfile}"`,
] as const

/** What the sender says of a CoRIM. */
export interface CorimType {
  readonly isSigned: boolean
  readonly profile: string
}

const byText = new Map(
  corimMediaTypes.map((type, index): [string | undefined, CorimType] => [
    parseMediaType(type)?.normal,
    { isSigned: index === 1, profile: psaCorimProfile },
  ]),
)

/** @throws ServerError `SERVER_MEDIA_TYPE` with the types that are taken */
export function requireCorimType({ headers }: IncomingMessage): CorimType {
  const named = headers['content-type'] ?? ''
  const type = byText.get(parseMediaType(named)?.normal ?? '')
  if (type !== undefined) return type
  const message = `no active plugin found for ${named === '' ? 'a body without media type' : named.slice(0, 200)}`
  throw new ServerError('SERVER_MEDIA_TYPE', message, {
    details: { accept: corimMediaTypes.join(', ') },
  })
}
