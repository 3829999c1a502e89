import { toHex, type Clock } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { EatError, isSignedCorim } from '@keyline/eat'
import {
  importCorim,
  VerifierError,
  type AcceptedSigners,
  type ImportReport,
} from '@keyline/verifier'
import type { Answer } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import { principalWith } from '../credential/access.ts'
import type { VerifierRequest } from '../endpoint.ts'
import { requireAccept } from '../media/accept.ts'
import type { VerifierRole } from '../port.ts'
import { requireCorimType, type CorimType } from './corim-type.ts'
import { provisioningSessionType, sessionAnswer } from './session.ts'

export interface ProvisioningParts {
  readonly clock: Clock
  /** Who may sign CoRIMs; without any, signed ones are refused. */
  readonly signers?: AcceptedSigners | undefined
  /** Refuses unsigned CoRIMs; on unless given once there are signers, off without any. */
  readonly requireSigned?: boolean | undefined
  /** How long an answer says that it stands, milliseconds. */
  readonly sessionTtlMs: number
  /** Learns of each submission, for logs and metrics. */
  readonly onSubmission?: ((submission: SubmissionEvent) => void) | undefined
}

export type SubmissionEvent = { readonly by: string; readonly octets: number } & (
  | { readonly outcome: 'stored'; readonly report: ImportReport }
  | { readonly outcome: 'refused'; readonly code: string; readonly message: string }
)

/** Who may submit. */
export const submitters = ['provisioner', 'manager'] as const satisfies readonly VerifierRole[]

/**
 * Takes a CoRIM: credentials, `Accept`, media type and body are looked at in this order. A CoRIM that is refused is the
 * answer 200 with the status `failed`; a store that does not answer is 503, which says nothing of the CoRIM.
 */
export async function submitCorim(
  request: VerifierRequest,
  parts: ProvisioningParts,
): Promise<Answer> {
  const replace = replaceOf(request)
  const by = principalWith(replace ? ['manager'] : submitters, request.principal)
  requireAccept(request.incoming.headers.accept, provisioningSessionType)
  const type = requireCorimType(request.incoming)
  const octets = await request.body()
  if (octets.length === 0) {
    throw new ServerError('SERVER_BODY_EMPTY', 'empty body')
  }
  const { clock, sessionTtlMs, onSubmission } = parts
  const expiry = new Date(clock.now() + sessionTtlMs).toISOString()
  const event = { by: by.name, octets: octets.length }
  const outcome = await stored(octets, { request, parts, type, replace, by: by.name })
  if (outcome instanceof Error) {
    const { code, message } = outcome
    onSubmission?.({ ...event, outcome: 'refused', code, message })
    return sessionAnswer({ status: 'failed', expiry, 'failure-reason': `${code}: ${message}` })
  }
  onSubmission?.({ ...event, outcome: 'stored', report: outcome })
  return sessionAnswer({ status: 'success', expiry })
}

interface Submission {
  readonly request: VerifierRequest
  readonly parts: ProvisioningParts
  readonly type: CorimType
  readonly replace: boolean
  readonly by: string
}

/** What was stored, or why the CoRIM is refused. @throws ServerError `SERVER_UNAVAILABLE` */
async function stored(
  octets: Uint8Array,
  { request: { store }, parts, type, replace, by }: Submission,
): Promise<ImportReport | EatError | VerifierError> {
  const now = parts.clock.now()
  try {
    requireForm(octets, type, parts)
    const report = await importCorim(octets, store.endorsements, {
      time: Math.floor(now / 1000),
      replace,
      signers: parts.signers,
      profile: type.profile,
    })
    await store.corims.record({
      corimId: report.corimId,
      sha256: toHex(sha256(octets)),
      octets: octets.length,
      signer: report.signer,
      submittedBy: by,
      submittedAt: now,
    })
    return report
  } catch (error) {
    if (isAboutCorim(error)) return error
    const message = 'the record did not take the CoRIM'
    throw new ServerError('SERVER_UNAVAILABLE', message, { cause: error })
  }
}

/** @throws EatError `E_CORIM_TAG`; VerifierError `E_CORIM_SIGNATURE` */
function requireForm(
  octets: Uint8Array,
  { isSigned }: CorimType,
  { signers, requireSigned = signers !== undefined }: ProvisioningParts,
): void {
  if (isSignedCorim(octets) !== isSigned) {
    const [named, found] = isSigned ? ['signed', 'is not'] : ['unsigned', 'is signed']
    throw new EatError('E_CORIM_TAG', `the media type names a ${named} CoRIM, and it ${found}`)
  }
  if (!isSigned && requireSigned) {
    throw new VerifierError('E_CORIM_SIGNATURE', 'unsigned CoRIMs are not accepted here')
  }
}

/** What the sender can mend. All else, from the store or from us, is no judgement on the CoRIM. */
function isAboutCorim(error: unknown): error is EatError | VerifierError {
  return (error instanceof EatError || error instanceof VerifierError) && error.fault === 'caller'
}

function replaceOf({ query }: VerifierRequest): boolean {
  const values = query.getAll('replace').filter((value) => value !== '')
  const [value = 'false'] = values
  if (values.length <= 1 && (value === 'true' || value === 'false')) return value === 'true'
  throw new ServerError('SERVER_HEADER_INVALID', 'replace must be true or false, and stand once')
}
