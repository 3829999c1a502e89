import type { JsonValue } from '@keyline/bytes'
import { earToJson } from '@keyline/eat'
import {
  importCorim,
  makeResult,
  MemoryTrustStore,
  psaScheme,
  verifyEvidence,
  type AppraisalSettings,
} from '@keyline/verifier'
import { caseOf } from './attestation-case.ts'
import { canonical } from './canonical.ts'
import type { CaseResult, VectorCheck } from './case.ts'
import { VectorReader } from './vector-reader.ts'

const time = 1_700_000_000

/** Nonce, token and CoRIM to the status and vector of a result, under the default settings and each variant. */
export const check: VectorCheck = async (file) => {
  const vector = caseOf(file)
  const expect = vector.object('expect')
  const variants = expect.has('variants') ? expect.objects('variants') : []
  const runs = [expect, ...variants].map(async (wanted) => ({
    wanted: Object.fromEntries(comparedNames.map((name) => [name, wanted.raw(name)])),
    came: await appraised(vector, settingsOf(wanted), wanted),
  }))
  const results = await Promise.all(runs)
  const expected = canonical(results.map(({ wanted }) => wanted))
  const actual = canonical(results.map(({ came }) => came))
  return [{ id: vector.id, ok: expected === actual, expected, actual } satisfies CaseResult]
}

const comparedNames = ['ear.status', 'ear.trustworthiness-vector', 'problem_contains'] as const

function settingsOf(wanted: VectorReader): AppraisalSettings {
  if (!wanted.has('setting')) return {}
  const setting = wanted.text('setting')
  if (setting === 'psa.signerId=require') return { signerId: 'require' }
  throw new TypeError(`the setting ${setting} is not known`)
}

async function appraised(
  vector: VectorReader,
  settings: AppraisalSettings,
  wanted: VectorReader,
): Promise<Readonly<Record<string, unknown>>> {
  const input = vector.object('input')
  const store = new MemoryTrustStore()
  await importCorim(input.octets('corim_hex'), store, { time })
  const nonce = input.octets('session_nonce_hex')
  const verification = await verifyEvidence(input.octets('evidence_hex'), {
    store,
    nonce,
    time,
    settings,
  })
  const result = makeResult(verification, {
    issuedAt: time,
    nonce,
    verifierId: { developer: 'a', build: 'b' },
  })
  if (result === undefined) throw new TypeError('no result')
  const submods: JsonValue | undefined = earToJson(result)['submods']
  const one = new VectorReader('submods', submods).object(psaScheme)
  const problem = one.has('ear.veraison.policy-claims')
    ? one.object('ear.veraison.policy-claims').text('problem')
    : undefined
  const part = wanted.has('problem_contains') ? wanted.text('problem_contains') : undefined
  return {
    'ear.status': one.raw('ear.status'),
    'ear.trustworthiness-vector': one.raw('ear.trustworthiness-vector'),
    problem_contains: part !== undefined && problem?.includes(part) === true ? part : problem,
  }
}
