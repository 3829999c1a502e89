import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeToken, EatError, type CoseKey } from '@keyline/eat'
import { describe, expect, it } from 'vitest'
import { scaled } from '../../../../test/support/scale.ts'
import { coseKeyOf } from '../../../../test/support/vectors/attestation-case.ts'
import { VectorReader } from '../../../../test/support/vectors/vector-reader.ts'
import { isAnchorCurve, type AnchorKey } from '../store/anchor.ts'
import { ReferenceSet } from '../store/reference-set.ts'
import type { TrustStore } from '../store/trust-store.ts'
import { verifyEvidence } from './verify.ts'

const folder = join(
  import.meta.dirname,
  '../../../../test/vectors/attestation/tokens-derived-invalid',
)

const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.json') && name !== 'index.json')
  .map((name) => {
    const vector = new VectorReader(name, JSON.parse(readFileSync(join(folder, name), 'utf8')))
    const expected = vector.object('expect')
    return {
      name,
      octets: vector.object('input').octets('cose_hex'),
      key: vector.holds('key') ? coseKeyOf(vector.object('key')) : undefined,
      code: expected.text('reason'),
      stage: expected.text('stage'),
    }
  })

/** A store that knows every device, under this key. */
function storeOf(key: CoseKey | undefined): TrustStore {
  const anchorKey = anchorKeyOf(key)
  return {
    findAnchor: (implementationId, instanceId) =>
      anchorKey && { implementationId, instanceId, key: anchorKey, state: 'active' },
    referencesOf: () => new ReferenceSet([]),
    certificationsOf: () => [],
    certificateTrust: () => ({ anchors: [] }),
  }
}

function anchorKeyOf(key: CoseKey | undefined): AnchorKey | undefined {
  if (key?.type === 'symmetric') return key
  if (key?.type !== 'ec') return undefined
  const { curve, octets: point } = key.publicKey
  return isAnchorCurve(curve) ? { type: 'ec', curve, point } : undefined
}

/** The challenge that a token answers; any other one where it cannot be read. */
function nonceOf(octets: Uint8Array): Uint8Array {
  try {
    return decodeToken(octets).claims.nonce
  } catch (error) {
    if (error instanceof EatError) return new Uint8Array(32)
    throw error
  }
}

describe('an invalid token', () => {
  it.each(cases)('$name is refused with $code', async ({ octets, key, code, stage }) => {
    const context = { store: storeOf(key), nonce: nonceOf(octets), time: 0 }
    const verification = await verifyEvidence(octets, context)
    expect(verification).toMatchObject({
      outcome: 'contraindicated',
      reason: { kind: 'evidence', refusal: { code, stage } },
    })
  })

  it.each(cases)('$name has a verdict when it is cut, or a bit of it is turned', async (one) => {
    const { octets, key } = one
    const context = { store: storeOf(key), nonce: nonceOf(octets), time: 0 }
    for (let length = 0; length < octets.length; length += scaled(61, 1)) {
      const { outcome } = await verifyEvidence(octets.subarray(0, length), context)
      expect(outcome).toBe('contraindicated')
    }
    const changed = octets.slice()
    for (let bit = 0; bit < 8 * octets.length; bit += scaled(509, 1)) {
      const place = bit >> 3
      changed[place] = (changed[place] ?? 0) ^ (1 << (bit & 7))
      const { outcome } = await verifyEvidence(changed, context)
      expect(outcome).not.toBe('could-not-check')
      changed[place] = octets[place] ?? 0
    }
  })
})
