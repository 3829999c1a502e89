import { equalOctets, isKeylineError } from '@keyline/bytes'
import {
  claimsToJson,
  decodeToken,
  inspectToken,
  instanceIdMatches,
  lifecycleState,
  parseEnvelope,
  readHeaders,
  symmetricInstanceId,
  tokenProfiles,
  verifyEnvelope,
  type CoseKey,
  type Token,
} from '@keyline/eat'
import { caseOf, comparedMembers, coseKeyOf, refusalCode } from './attestation-case.ts'
import { canonical } from './canonical.ts'
import type { CaseResult, VectorCheck } from './case.ts'
import { compared, type VectorReader } from './vector-reader.ts'

/** Tokens under their key as the only trust anchor: verdict, reason and stage, and all that a good one says. */
export const check: VectorCheck = async (file) => [tokenCase(caseOf(file))]

function tokenCase(vector: VectorReader): CaseResult {
  const octets = vector.object('input').octets('cose_hex')
  const key = vector.holds('key') ? coseKeyOf(vector.object('key')) : undefined
  const outcome = verify(octets, key)
  const { token } = outcome
  if (token !== undefined) {
    const wanted = canonical(vector.raw('claims')).replaceAll(unknownMember, '')
    const came = canonical(claimsToJson(token.claims))
    if (wanted !== came) return compared(vector.id, wanted, came)
  }
  return comparedMembers(vector, {
    valid: () => outcome.code === undefined,
    reason: () => outcome.code,
    field: () => outcome.field,
    stage: () => outcome.stage,
    secondary: () => secondary(octets, vector.object('expect').texts('secondary')),
    envelope: () => (parseEnvelope(octets).kind === 'sign1' ? 'COSE_Sign1' : 'COSE_Mac0'),
    alg: () => readHeaders(parseEnvelope(octets)).algorithm?.name,
    claims_valid: () => inspectToken(octets).reading?.claims !== undefined,
    profile: token && (() => token.claims.profile),
    signature_verifies: key && (() => isSigned(octets, key)),
    signature_length: token && (() => token.envelope.signature.length),
    lifecycle_state: token && (() => lifecycleState(token.claims.securityLifecycle)?.name),
    instance_identity_claim:
      token && (() => (lifecycleState(token.claims.securityLifecycle)?.isProduction ? 2 : 96)),
    nonce_length: token && (() => token.claims.nonce.length),
    boot_seed_key: token && (() => bootSeedKey(token)),
    instance_id_matches: token && key && (() => matches(token, key)),
  })
}

interface Outcome {
  readonly token?: Token
  readonly code?: string
  readonly field?: unknown
  readonly stage?: string
}

function verify(octets: Uint8Array, key: CoseKey | undefined): Outcome {
  let stage = 'envelope'
  try {
    const { findings } = readHeaders(parseEnvelope(octets))
    if (findings.length === 0) stage = 'claims'
    const token = decodeToken(octets)
    stage = 'signature'
    if (key === undefined) throw new TypeError('a good token without a key')
    verifyEnvelope(token.envelope, { algorithm: token.algorithm, key })
    return { token }
  } catch (error) {
    if (!isKeylineError(error)) throw error
    return { code: error.code, field: error.details['field'], stage }
  }
}

/** A key without a name, which is ignored and so not among what was read. */
const unknownMember = /"\d+":\d+,/g

/** Whatever the claims are. */
function isSigned(octets: Uint8Array, key: CoseKey): boolean {
  const envelope = parseEnvelope(octets)
  const { algorithm } = readHeaders(envelope)
  if (algorithm === undefined) return false
  return refusalCode(() => verifyEnvelope(envelope, { algorithm, key })) === undefined
}

/** The wanted texts that are found behind the primary one: `CODE` or `CODE:field`. */
function secondary(octets: Uint8Array, wanted: readonly string[]): readonly string[] {
  const { findings } = inspectToken(octets)
  const found = new Set(findings.flatMap(({ rule, field }) => [rule, `${rule}:${field}`]))
  return wanted.filter((text) => found.has(text))
}

function bootSeedKey({ claims }: Token): number | undefined {
  const seed = tokenProfiles[claims.profile].claims.find(({ name }) => name === 'bootSeed')
  return claims.bootSeed === undefined ? undefined : seed?.key
}

function matches({ claims: { instanceId } }: Token, key: CoseKey): readonly string[] {
  if (key.type === 'ec') return instanceIdMatches(instanceId, key.publicKey)
  if (key.type === 'rsa') return []
  return equalOctets(symmetricInstanceId(key.secret), instanceId) ? ['sha256(sha256(key))'] : []
}
