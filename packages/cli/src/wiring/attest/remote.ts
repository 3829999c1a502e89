import { toHex } from '@keyline/bytes'
import {
  openChallenge,
  openSingleChallenge,
  publishedKey,
  type OpenChallenge,
} from './challenge-response.ts'
import { readResultKey, verifyResult, type ResultReport } from './result.ts'
import { VerifierService, type ServiceOptions } from './service.ts'
import { tokenOver, type MadeToken, type TokenOptions } from './token.ts'

export interface RemoteOptions extends ServiceOptions {
  /** File with the key of the verifier; what it publishes is taken unless given. */
  readonly key?: string | undefined
  /** The form without a session. */
  readonly oneRequest?: boolean | undefined
}

export interface RemoteReport extends ResultReport {
  /** The result as the verifier signed it. */
  readonly jwt: string
}

/** The device asks for a challenge, answers it, and keeps the result: the passport model. */
export async function attestTo(
  options: RemoteOptions & Omit<TokenOptions, 'challenge' | 'challengeFile'>,
): Promise<{ readonly made: MadeToken; readonly report: RemoteReport }> {
  const service = await VerifierService.at(options)
  const open = options.oneRequest === true ? openSingleChallenge : openChallenge
  const challenge = await open(service, undefined)
  const made = await tokenOver(challenge.nonce, options)
  return { made, report: await judged(service, challenge, made.token, options) }
}

/** The relying party hands over a token that answers its challenge: the background check. */
export async function verifyAt(
  evidence: Uint8Array,
  nonce: Uint8Array,
  options: RemoteOptions,
): Promise<RemoteReport> {
  const service = await VerifierService.at(options)
  return judged(service, await openChallenge(service, nonce), evidence, options)
}

async function judged(
  service: VerifierService,
  challenge: OpenChallenge,
  evidence: Uint8Array,
  { key }: RemoteOptions,
): Promise<RemoteReport> {
  const jwt = await challenge.submit(evidence)
  const resultKey = key === undefined ? await publishedKey(service) : await readResultKey(key, jwt)
  const report = verifyResult(jwt, resultKey, {
    time: Math.trunc(Date.now() / 1000),
    nonce: challenge.nonce,
  })
  const document = { ...report.document, nonce: toHex(challenge.nonce), jwt }
  return { ...report, document, jwt }
}
