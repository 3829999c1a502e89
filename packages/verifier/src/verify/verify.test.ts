import { concat, Secret } from '@keyline/bytes'
import { symmetricInstanceId, macToken, TokenProfile, type TokenClaims } from '@keyline/eat'
import { assert, asyncProperty, integer, nat, tuple, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scaled } from '../../../../test/support/scale.ts'
import '../../../../test/support/properties.ts'
import {
  deviceComponent,
  deviceComponents,
  deviceCorim,
  deviceImplementation,
  deviceNonce as nonce,
  deviceTime as time,
  verifiedDevice,
} from '../../../../test/support/verified-device.ts'
import { importCorim } from '../endorse/import-corim.ts'
import { compilePolicy } from '../policy/compile.ts'
import { KeyCache } from '../store/key-cache.ts'
import { MemoryTrustStore } from '../store/memory-store.ts'
import type { TrustStore } from '../store/trust-store.ts'
import type { Verification } from '../verdict/verdict.ts'
import { verifyEvidence, type VerificationContext } from './verify.ts'

const device = verifiedDevice(1)
const store = new MemoryTrustStore()
await importCorim(deviceCorim([device]), store, { time })

async function verified(
  claims: Partial<TokenClaims> = {},
  context: Partial<VerificationContext> = {},
): Promise<Verification> {
  return verifyEvidence(await device.token(claims), { store, nonce, time, ...context })
}

/** Outcome and status, or outcome and code. */
function summary(verification: Verification): string {
  switch (verification.outcome) {
    case 'genuine':
      return `genuine ${verification.appraisal.status}`
    case 'contraindicated': {
      const { reason } = verification
      return reason.kind === 'evidence'
        ? `refused ${reason.refusal.stage} ${reason.refusal.code}`
        : `contraindicated ${reason.appraisal.vector['instance-identity']}`
    }
    case 'could-not-check':
      return `could not check ${verification.code}`
    default:
      return verification satisfies never
  }
}

async function ruled(policy: unknown, claims: Partial<TokenClaims> = {}): Promise<Verification> {
  return verified(claims, { policy: await compilePolicy(JSON.stringify(policy), 'uuid') })
}

/** The store of these tests, one method of which gives no answer. */
function failing(name: keyof TrustStore): TrustStore {
  return {
    findAnchor: (implementationId, instanceId) =>
      name === 'findAnchor' ? broken() : store.findAnchor(implementationId, instanceId),
    referencesOf: (implementationId) =>
      name === 'referencesOf' ? broken() : store.referencesOf(implementationId),
    certificationsOf: (implementationId) =>
      name === 'certificationsOf' ? broken() : store.certificationsOf(implementationId),
    certificateTrust: () => store.certificateTrust(),
  }
}

async function broken(): Promise<never> {
  throw new Error('database is locked')
}

describe('evidence', () => {
  it('of a known device with known firmware is genuine, with a cache of keys and without', async () => {
    const cache = new KeyCache()
    expect(summary(await verified())).toBe('genuine affirming')
    expect(summary(await verified({}, { cache }))).toBe('genuine affirming')
    expect(summary(await verified({}, { cache }))).toBe('genuine affirming')
  })

  it('of an unknown board, of altered firmware and of a revoked unit are told apart', async () => {
    const unknown = await verifiedDevice(2).token()
    expect(summary(await verifyEvidence(unknown, { store, nonce, time }))).toBe(
      'refused key E_KEY_UNKNOWN',
    )
    const softwareComponents = [deviceComponent('BL', '9.9.9'), ...deviceComponents.slice(1)]
    expect(summary(await verified({ softwareComponents }))).toBe('genuine warning')
    const own = new MemoryTrustStore()
    await importCorim(deviceCorim([device]), own, { time })
    expect(own.setState(device.instanceId, 'revoked')).toBe(true)
    expect(summary(await verified({}, { store: own }))).toBe('refused key E_KEY_REVOKED')
  })

  it('under another implementation id has no anchor', async () => {
    const implementationId = new Uint8Array(32)
    expect(summary(await verified({ implementationId }))).toBe('refused key E_KEY_UNKNOWN')
  })

  it('is checked for its nonce before its signature', async () => {
    const token = await device.token()
    token[token.length - 1] = (token.at(-1) ?? 0) ^ 1
    const context = { store, time }
    expect(summary(await verifyEvidence(token, { ...context, nonce }))).toBe(
      'refused signature E_SIG_INVALID',
    )
    const other = nonce.map((octet) => octet ^ 1)
    expect(summary(await verifyEvidence(token, { ...context, nonce: other }))).toBe(
      'refused freshness E_NONCE_MISMATCH',
    )
    const short = nonce.subarray(1)
    expect(summary(await verifyEvidence(token, { ...context, nonce: short }))).toBe(
      'refused freshness E_NONCE_MISMATCH',
    )
  })

  it('without an identity says so, with the sentence that clients know', async () => {
    const verification = await verified({ instanceId: new Uint8Array(4) })
    expect(verification).toMatchObject({
      outcome: 'contraindicated',
      reason: {
        refusal: {
          stage: 'claims',
          code: 'E_CLAIM_SIZE',
          field: 'psa-instance-id',
          problem: 'could not establish identity from evidence',
        },
      },
    })
  })

  it('of a device that may be debugged is what the settings say', async () => {
    const debug = { securityLifecycle: 0x4000 }
    expect(summary(await verified(debug))).toBe('genuine affirming')
    expect(summary(await verified(debug, { settings: { acceptDebug: false } }))).toBe(
      'contraindicated 96',
    )
    expect(summary(await verified({}, { settings: { acceptDebug: false } }))).toBe(
      'genuine affirming',
    )
    expect(summary(await verified({ securityLifecycle: 0x6000 }))).toBe('contraindicated 96')
  })

  it('must meet all reference values where the set is closed', async () => {
    const settings = { requireAllReferences: true }
    expect(summary(await verified({}, { settings }))).toBe('genuine affirming')
    const [first] = deviceComponents
    const softwareComponents = first === undefined ? [] : [first]
    expect(summary(await verified({ softwareComponents }))).toBe('genuine affirming')
    expect(summary(await verified({ softwareComponents }, { settings }))).toBe('genuine warning')
  })

  it('under an expired endorsement has a key that is not valid', async () => {
    const endorsed: TrustStore = {
      findAnchor: () => {
        const anchor = store.findAnchor(deviceImplementation, device.instanceId)
        return anchor && { ...anchor, source: undefined, validity: { notAfter: time - 1 } }
      },
      referencesOf: () => store.referencesOf(deviceImplementation),
      certificationsOf: () => [],
      certificateTrust: () => store.certificateTrust(),
    }
    expect(summary(await verified({}, { store: endorsed }))).toBe('refused key E_KEY_VALIDITY')
  })

  it('with a MAC is verified under the secret of its device', async () => {
    const secret = new Secret(new Uint8Array(32).fill(1))
    const instanceId = symmetricInstanceId(secret)
    const anchor = {
      implementationId: deviceImplementation,
      instanceId,
      key: { type: 'symmetric', secret },
      state: 'active',
    } as const
    const keys: TrustStore = {
      findAnchor: async () => anchor,
      referencesOf: async () => store.referencesOf(deviceImplementation),
      certificationsOf: async () => [],
      certificateTrust: async () => store.certificateTrust(),
    }
    const claims = {
      profile: TokenProfile.psa2023,
      nonce,
      instanceId,
      implementationId: deviceImplementation,
      clientId: 1,
      securityLifecycle: 0x3000,
      softwareComponents: deviceComponents,
    }
    const context = { store: keys, nonce, time }
    expect(summary(await verifyEvidence(macToken(claims, secret), context))).toBe(
      'genuine affirming',
    )
    expect(summary(await verifyEvidence(await device.token(), context))).toBe(
      'refused signature E_COSE_ALG_KEY_MISMATCH',
    )
  })

  it('with a certificate of another key beside a registered one carries a warning', async () => {
    const token = await device.token({}, { certificate: Uint8Array.of(0x30, 0x00) })
    const verification = await verifyEvidence(token, { store, nonce, time })
    expect(verification).toMatchObject({
      outcome: 'genuine',
      appraisal: {
        warnings: ['the certificate in the token has another key than the registered one'],
      },
    })
  })

  it('is a verdict whatever its octets are: no mutation is genuine but the other form of a signature', async () => {
    const token = await device.token()
    const mutation = tuple(nat(token.length - 1), integer({ min: 1, max: 255 }))
    await assert(
      asyncProperty(mutation, async ([place, change]) => {
        const changed = token.slice()
        changed[place] = (changed[place] ?? 0) ^ change
        const { outcome } = await verifyEvidence(changed, { store, nonce, time })
        expect(outcome).toBe('contraindicated')
      }),
      { numRuns: scaled(300, 5_000) },
    )
    await assert(
      asyncProperty(uint8Array({ maxLength: 64 }), async (octets) => {
        const { outcome } = await verifyEvidence(octets, { store, nonce, time })
        expect(outcome).toBe('contraindicated')
      }),
    )
    for (let length = 0; length < token.length; length += 7) {
      const { outcome } = await verifyEvidence(token.subarray(0, length), { store, nonce, time })
      expect(outcome).toBe('contraindicated')
    }
    const { outcome } = await verifyEvidence(concat(token, Uint8Array.of(0)), {
      store,
      nonce,
      time,
    })
    expect(outcome).toBe('contraindicated')
  })
})

describe('a store that gives no answer', () => {
  it.each(['findAnchor', 'referencesOf', 'certificationsOf'] as const)(
    'to %s is no verdict',
    async (name) => {
      const policy = await compilePolicy('{"rules":[{"when":"true","set":{"status":"affirming"}}]}')
      const verification = await verified({}, { store: failing(name), policy })
      expect(summary(verification)).toBe('could not check STORE_UNAVAILABLE')
      expect(verification).toMatchObject({ message: 'database is locked' })
    },
  )

  it('nor is what it throws when that is no error', async () => {
    const silent: TrustStore = {
      ...failing('certificateTrust'),
      findAnchor: () => Promise.reject(),
    }
    expect(await verified({}, { store: silent })).toMatchObject({
      outcome: 'could-not-check',
      message: 'the store gives no answer',
    })
  })

  it('with a key that is none is no verdict either', async () => {
    const anchor = store.findAnchor(deviceImplementation, device.instanceId)
    if (anchor === undefined) throw new TypeError('no anchor')
    const key = { type: 'ec', curve: 'P-256', point: new Uint8Array(64) } as const
    const corrupt: TrustStore = {
      ...failing('certificateTrust'),
      findAnchor: () => ({ ...anchor, key }),
    }
    expect(summary(await verified({}, { store: corrupt }))).toBe(
      'could not check STORE_UNAVAILABLE',
    )
  })
})

describe('a policy', () => {
  it('can make a device worse and tells why', async () => {
    const rules = [
      {
        when: { '/evidence/psa-software-components/*/version': { below: '0.2.0' } },
        set: { executables: 'UNSAFE_RT', added_claims: { advice: 'update' } },
      },
    ]
    expect(await ruled({ rules })).toMatchObject({
      outcome: 'genuine',
      appraisal: { status: 'warning', policyId: 'uuid', policyClaims: { advice: 'update' } },
    })
  })

  it('that fails is no verdict on the device', async () => {
    const rules = [{ when: 'evidence.absent == 1', set: { status: 'warning' } }]
    expect(summary(await ruled({ rules }))).toBe('could not check POLICY_MALFUNCTION')
  })

  it('that leaves nothing said is no verdict', async () => {
    const everything = Object.fromEntries(
      ['instance_identity', 'executables', 'hardware', 'runtime_opaque', 'storage_opaque'].map(
        (name) => [name, 1],
      ),
    )
    const rules = [{ when: {}, set: { ...everything, status: 'none' } }]
    expect(summary(await ruled({ mayRaise: true, rules }))).toBe(
      'could not check POLICY_MALFUNCTION',
    )
  })
})
