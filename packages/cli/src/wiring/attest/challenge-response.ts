import {
  decodeUtf8,
  fromBase64,
  fromBase64url,
  isKeylineError,
  toBase64url,
  type JsonValue,
} from '@keyline/bytes'
import type { ResultKey } from '@keyline/verifier'
import { CliError } from '../../errors.ts'
import { jwkResultKey } from './result.ts'
import { answerJson, type ServiceAnswer, type VerifierService } from './service.ts'

const paths = {
  newSession: 'challenge-response/v1/newSession',
  nonce: 'challenge-response/v1/nonce',
  verify: 'challenge-response/v1/verify',
  discovery: '.well-known/veraison/verification',
  submit: 'endorsement-provisioning/v1/submit',
} as const
const sessionType = 'application/vnd.veraison.challenge-response-session+json'
const discoveryType = 'application/vnd.veraison.discovery+json'
const submissionType = 'application/vnd.veraison.provisioning-session+json'
const evidenceType = 'application/psa-attestation-token'
const corimTypes = {
  corim: 'application/rim+cbor; profile="tag:arm.com,2025:psa#1.0.0"',
  'signed-corim': 'application/rim+cose; profile="tag:arm.com,2025:psa#1.0.0"',
} as const

/** A challenge of a service, and where the evidence over it goes. */
export interface OpenChallenge {
  readonly nonce: Uint8Array
  /** Sends the evidence and gives the result, a compact JWS; the session is deleted behind it. */
  submit(evidence: Uint8Array): Promise<string>
}

/** Opens a session (attestation-verifier 2), with a challenge of the caller or of the service. */
export async function openChallenge(
  service: VerifierService,
  nonce: Uint8Array | undefined,
): Promise<OpenChallenge> {
  const query = nonce === undefined ? 'nonceSize=32' : `nonce=${toBase64url(nonce)}`
  const headers = { accept: sessionType }
  const path = `${paths.newSession}?${query}`
  const opened = await service.ask({ method: 'POST', path, headers }, [201])
  const session = service.resolve(
    opened.header('location') ?? missing('Location'),
    paths.newSession,
  )
  return {
    nonce: sessionNonce(answerJson(opened).get('nonce')),
    async submit(evidence) {
      const type = { ...headers, 'content-type': evidenceType }
      const call = { method: 'POST', path: session, headers: type, body: evidence } as const
      let answer = await service.ask(call, [200, 202])
      if (answer.status === 202) {
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
        answer = await service.ask({ method: 'GET', path: session, headers }, [200])
      }
      const result = resultIn(answer)
      await service.ask({ method: 'DELETE', path: session }, [200, 202, 204, 404])
      return result
    },
  }
}

/** The form without a session (attestation-verifier 2.7): the service knows its nonce again. */
export async function openSingleChallenge(service: VerifierService): Promise<OpenChallenge> {
  const opened = await service.ask({ method: 'GET', path: paths.nonce }, [200])
  const text = answerJson(opened).get('nonce')
  const nonce = octetsOf(text, fromBase64url)
  return {
    nonce,
    async submit(evidence) {
      const path = `${paths.verify}?nonce=${toBase64url(nonce)}`
      const headers = { 'content-type': evidenceType }
      const answer = await service.ask({ method: 'POST', path, headers, body: evidence }, [200])
      return decodeUtf8(answer.body)
    },
  }
}

/** The key that the service signs its results with, as it publishes it: as true as its TLS certificate. */
export async function publishedKey(service: VerifierService): Promise<ResultKey> {
  const headers = { accept: discoveryType }
  const answer = await service.ask({ method: 'GET', path: paths.discovery, headers }, [200])
  const key = answerJson(answer).get('ear-verification-key')
  if (key === undefined) return missing('ear-verification-key')
  return jwkResultKey(key, 'the key of the verifier')
}

/** What a service said of a CoRIM. */
export interface Submission {
  readonly isAccepted: boolean
  readonly reason: string | undefined
}

/** Submits a CoRIM (attestation-verifier 4). */
export async function submitCorim(
  service: VerifierService,
  corim: Uint8Array,
  kind: keyof typeof corimTypes,
): Promise<Submission> {
  const headers = { accept: submissionType, 'content-type': corimTypes[kind] }
  const call = { method: 'POST', path: paths.submit, headers, body: corim } as const
  const answer = answerJson(await service.ask(call, [200]))
  const reason = answer.get('failure-reason')
  return {
    isAccepted: answer.get('status') === 'success',
    reason: typeof reason === 'string' ? reason : undefined,
  }
}

const pauseMs = 1000

function resultIn(answer: ServiceAnswer): string {
  const session = answerJson(answer)
  const result = session.get('result')
  if (typeof result === 'string') return result
  const status = session.get('status')
  throw new CliError(
    'CLI_COULD_NOT_CHECK',
    `the session has no result, its status is ${JSON.stringify(status ?? null)}`,
  )
}

/** Standard base64 with padding, or base64url as newer reference services write it (V2). */
function sessionNonce(text: JsonValue | undefined): Uint8Array {
  return octetsOf(text, (digits) =>
    /[-_]/.test(digits) || digits.length % 4 !== 0
      ? fromBase64url(digits.replace(/=+$/, ''))
      : fromBase64(digits),
  )
}

function octetsOf(text: JsonValue | undefined, read: (text: string) => Uint8Array): Uint8Array {
  if (typeof text !== 'string') return missing('nonce')
  try {
    return read(text)
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new CliError('CLI_COULD_NOT_CHECK', `the nonce of the verifier: ${cause.message}`, {
      cause,
    })
  }
}

function missing(what: string): never {
  throw new CliError('CLI_COULD_NOT_CHECK', `the answer of the verifier has no ${what}`)
}
