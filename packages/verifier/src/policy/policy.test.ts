import { TokenProfile, type TokenClaims } from '@keyline/eat'
import { describe, expect, it } from 'vitest'
import {
  deviceComponents,
  deviceImplementation,
  deviceNonce as nonce,
  deviceSigner,
  referenceFor,
} from '../../../../test/support/verified-device.ts'
import { appraise } from '../appraise/appraise.ts'
import { VerifierError } from '../errors.ts'
import { ReferenceSet } from '../store/reference-set.ts'
import { applyPolicy, type PolicyOutcome } from './apply.ts'
import { compilePolicy } from './compile.ts'
import { compareVersions } from './version.ts'

const references = deviceComponents.map(referenceFor)
const claims: TokenClaims = {
  profile: TokenProfile.psa2023,
  nonce,
  instanceId: new Uint8Array(33).fill(1),
  implementationId: deviceImplementation,
  clientId: -1,
  securityLifecycle: 0x3000,
  softwareComponents: deviceComponents,
}

async function run(policy: unknown, changes: Partial<TokenClaims> = {}): Promise<PolicyOutcome> {
  const appraisal = appraise({
    claims: { ...claims, ...changes },
    origin: { kind: 'registered' },
    warnings: [],
    references: new ReferenceSet(references),
  })
  const certifications = [
    { implementationId: deviceImplementation, number: '0604565272829-10010', conditions: [] },
  ]
  const compiled = await compilePolicy(JSON.stringify(policy))
  return applyPolicy(compiled, { appraisal, references, certifications, nonce })
}

/** Whether a rule with this condition applies. */
async function applies(
  when: unknown,
  changes: Partial<TokenClaims> = {},
): Promise<boolean | string> {
  const outcome = await run({ rules: [{ when, set: { executables: 33 } }] }, changes)
  return outcome.kind === 'applied' ? outcome.rules.length === 1 : outcome.message
}

async function refusal(text: string): Promise<string> {
  try {
    await compilePolicy(text)
    return 'none'
  } catch (error) {
    if (error instanceof VerifierError && error.code === 'POLICY_RULES') return error.message
    throw error
  }
}

const ruleWith = (when: unknown): string =>
  JSON.stringify({ rules: [{ when, set: { executables: 33 } }] })

describe('the conditions of a rule', () => {
  it.each([
    [{}, true],
    [{ '/evidence/psa-client-id': -1 }, true],
    [{ '/evidence/psa-client-id': 1 }, false],
    [{ '/evidence/psa-client-id': { equals: -1, not: { in: [1, 2] } } }, true],
    [{ '/evidence/psa-client-id': { in: [1, -1] } }, true],
    [{ '/evidence/psa-security-lifecycle': { lifecycle: ['secured', 'unknown'] } }, true],
    [{ '/evidence/psa-security-lifecycle': { lifecycle: 'decommissioned' } }, false],
    [{ '/evidence/psa-client-id': { lifecycle: 'secured' } }, false],
    [{ '/evidence/eat-profile': { lifecycle: 'secured' } }, false],
    [{ '/evidence/psa-software-components/0/version': { atLeast: '2.1.0' } }, true],
    [{ '/evidence/psa-software-components/0/version': { atLeast: '2.1.1' } }, false],
    [{ '/evidence/psa-software-components/*/version': { below: '0.2.0' } }, true],
    [{ '/evidence/psa-software-components/*/absent': 'x' }, false],
    [{ '/evidence/psa-boot-seed': { present: false } }, true],
    [{ '/evidence/psa-boot-seed': { present: true } }, false],
    [{ '/result/ear.status': 'affirming' }, true],
    [{ '/result/ear.trustworthiness-vector/executables': 2, '/session/nonce': 'x' }, false],
    [{ '/endorsements/*/version': '0.1.4' }, true],
    [{ '/endorsements/2/psa.certification': '0604565272829-10010' }, true],
  ])('%j hold: %s', async (when, wanted) => {
    expect(await applies(when)).toBe(wanted)
  })

  it('on a member that is absent, or a version that is none, are a malfunction', async () => {
    expect(await applies({ '/evidence/psa-boot-seed': 'x' })).toMatch(/psa-boot-seed is absent$/)
    expect(await applies({ '/evidence/psa-client-id': { below: '1.0.0' } })).toMatch(
      /is -1, no version MAJOR.MINOR.PATCH$/,
    )
    expect(await applies({ '/evidence/eat-profile': { below: '1.0.0' } })).toMatch(/no version/)
    expect(await applies({ '/evidence/eat-profile/deeper': 1 })).toMatch(/is absent$/)
  })
})

describe('a rule in CEL', () => {
  it.each([
    ["evidence['psa-client-id'] == -1", true],
    ["evidence['psa-security-lifecycle'] >= 0x4000", false],
    ["evidence['psa-software-components'].exists(c, c.version == '0.1.4')", true],
    ["result['ear.trustworthiness-vector'].hardware == 2 && size(session.nonce) == 43", true],
    ["endorsements.exists(e, 'psa.certification' in e)", true],
  ])('%s gives %s', async (when, wanted) => {
    expect(await applies(when)).toBe(wanted)
  })

  it.each([
    'evidence.absent == 1',
    "evidence['eat-profile'] + 1 == 2",
    "evidence['psa-client-id']",
  ])('%s is a malfunction', async (when) => {
    expect(await applies(when)).toMatch(/^rules\[0\]\.when/)
  })

  it.each([
    ['1 +', /^rules\[0\]\.when: /],
    ['other == 1', /^rules\[0\]\.when: /],
    ['1 + 2', /gives int, no bool$/],
    ['evidence.all(a, a.all(b, b.all(c, c == 1)))', /more than 2 loops$/],
  ])('%s is refused when it is compiled', async (when, message) => {
    expect(await refusal(ruleWith(when))).toMatch(message)
  })

  it('that is too long is refused when it is compiled', async () => {
    const long = Array.from({ length: 400 }, () => 'true').join(' && ')
    expect(await refusal(ruleWith(long))).toMatch(/^rules\[0\]\.when: /)
  })
})

describe('a policy', () => {
  it.each([
    ['{', /policy/],
    ['[]', /is no object$/],
    ['{"rules":[]}', /1 to 256$/],
    ['{"rules":[1]}', /rules\[0\] is no object$/],
    ['{"rules":[{"when":{},"set":{"hardware":2}}],"extra":1}', /unknown member extra$/],
    ['{"rules":[{"when":{},"set":{"hardware":2}}],"mayRaise":1}', /true or false$/],
    ['{"rules":[{"when":{},"set":{"hardware":2},"also":1}]}', /unknown member also$/],
    ['{"rules":[{"when":1,"set":{"hardware":2}}]}', /neither conditions nor a CEL/],
    ['{"rules":[{"when":{},"set":{}}]}', /sets nothing$/],
    ['{"rules":[{"when":{}}]}', /sets nothing$/],
    ['{"rules":[{"when":{},"set":{"hardware":200}}]}', /no value of -128 to 127/],
    ['{"rules":[{"when":{},"set":{"hardware":"GOOD"}}]}', /no name of one$/],
    ['{"rules":[{"when":{},"set":{"status":"good"}}]}', /no tier$/],
    ['{"rules":[{"when":{},"set":{"added_claims":1}}]}', /not what a policy may set$/],
    [ruleWith({ 'evidence/x': 1 }), /no pointer/],
    [ruleWith({ '/other/x': 1 }), /no pointer/],
    [ruleWith({ '/evidence/x': {} }), /asks for nothing$/],
    [ruleWith({ '/evidence/x': { like: 1 } }), /like is no operator$/],
    [ruleWith({ '/evidence/x': { in: 1 } }), /in must be a list$/],
    [ruleWith({ '/evidence/x': { atLeast: '1' } }), /MAJOR.MINOR.PATCH$/],
    [ruleWith({ '/evidence/x': { lifecycle: ['secure'] } }), /no state of the lifecycle$/],
  ])('%s is refused', async (text, message) => {
    expect(await refusal(text)).toMatch(message)
  })

  it('raises no claim unless it may', async () => {
    const rules = [{ when: {}, set: { executables: 'APPROVED_RT', configuration: 2 } }]
    const softwareComponents = [{ measurementValue: deviceSigner, signerId: deviceSigner }]
    expect(await run({ rules }, { softwareComponents })).toMatchObject({
      status: 'warning',
      vector: { executables: 33, configuration: 2 },
    })
    expect(await run({ rules, mayRaise: true }, { softwareComponents })).toMatchObject({
      status: 'affirming',
      vector: { executables: 2 },
    })
  })

  it('sets a status that its vector can only make worse, and keeps the last of two rules', async () => {
    const rules = [
      { when: {}, set: { status: 'contraindicated', added_claims: { a: 1 } } },
      { when: {}, set: { status: 'warning', hardware: 'UNSAFE_HW' } },
      { when: { '/evidence/psa-client-id': 7 }, set: { hardware: 96 } },
    ]
    expect(await run({ rules })).toMatchObject({
      kind: 'applied',
      status: 'warning',
      rules: [0, 1],
      addedClaims: { a: 1 },
      vector: { hardware: 32, executables: 2 },
    })
    const [first] = rules
    expect(
      await run({ rules: [first, { when: {}, set: { hardware: 96, status: 'warning' } }] }),
    ).toMatchObject({
      status: 'contraindicated',
    })
  })
})

describe('versions', () => {
  it.each([
    ['1.2.3', '1.2.3', 0],
    ['1.2.3', '1.2.4', -1],
    ['1.10.0', '1.9.9', 1],
    ['2.0.0-rc.1', '2.0.0', 0],
  ])('%s and %s compare as %d', (one, other, order) => {
    expect(Math.sign(compareVersions(one, other) ?? Number.NaN)).toBe(order)
  })

  it('that are none do not compare', () => {
    expect(compareVersions('1.2', '1.2.0')).toBeUndefined()
    expect(compareVersions('1.2.0', 'v1.2.0')).toBeUndefined()
  })
})
