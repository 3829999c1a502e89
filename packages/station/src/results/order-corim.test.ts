import { equalOctets, toHex } from '@keyline/bytes'
import { decodeCorim, instanceIdOf, readPsaStatements } from '@keyline/eat'
import { OrderAttestation, type Evidence, type VerdictRecord } from '@keyline/ledger/records'
import { describe, expect, it } from 'vitest'
import { AttestingDevice } from '../testing/attesting-device.ts'
import { attestedKeyOf, orderCorim, type AttestedKey } from './order-corim.ts'

const application = '11'.repeat(32)
const rootOfTrust = '22'.repeat(32)
const signer = '33'.repeat(32)

const attestation = OrderAttestation.parse({
  software: [
    { type: 'PRoT', sha256: rootOfTrust, signer },
    { type: 'App', version: '2.0.0', signer },
  ],
})

function keyOf({ implementationId, publicKey, point }: AttestingDevice): AttestedKey {
  return {
    implementationId: toHex(implementationId),
    instanceId: toHex(instanceIdOf(publicKey)),
    publicKey: toHex(point),
  }
}

const devices = ['one', 'two'].map((seed) => new AttestingDevice(seed))
const keys = devices.map(keyOf)

function corimOf(change: Partial<Parameters<typeof orderCorim>[0]> = {}): Uint8Array {
  const corim = orderCorim({ order: 'order-1', attestation, application, keys, ...change })
  if (corim === undefined) throw new Error('no CoRIM')
  return corim
}

describe('the CoRIM of an order', () => {
  it('tells a verifier the key of each unit and the software of the order', () => {
    const corim = decodeCorim(corimOf())
    expect(corim.id).toBe('order-1')
    const statements = [...readPsaStatements(corim)]
    const anchors = statements.flatMap((one) => (one.kind === 'trust-anchor' ? [one.value] : []))
    expect(anchors.map((one) => toHex(one.instanceId))).toEqual(
      keys.map(({ instanceId }) => instanceId),
    )
    const references = statements.flatMap((one) =>
      one.kind === 'reference-value' ? [one.value] : [],
    )
    expect(references).toMatchObject([
      { name: 'PRoT', digests: [{ algorithm: 'sha-256' }] },
      { name: 'App', version: '2.0.0' },
    ])
    expect(references.map(({ digests }) => toHex(digests[0]?.value ?? new Uint8Array()))).toEqual([
      rootOfTrust,
      application,
    ])
    expect(references.every((one) => toHex(one.signerId) === signer)).toBe(true)
    expect(statements).toHaveLength(4)
  })

  it('is the same for the same batch, and another one with one unit more', () => {
    expect(equalOctets(corimOf(), corimOf())).toBe(true)
    expect(equalOctets(corimOf(), corimOf({ keys: keys.slice(0, 1) }))).toBe(false)
  })

  it('has the reference values once for each implementation', () => {
    const [first, second] = keys
    if (first === undefined || second === undefined) throw new Error('two keys are there')
    const other = { ...second, implementationId: '44'.repeat(32) }
    const statements = [...readPsaStatements(decodeCorim(corimOf({ keys: [first, other] })))]
    expect(statements.filter(({ kind }) => kind === 'reference-value')).toHaveLength(4)
  })

  it('is not made while no unit has passed', () => {
    expect(orderCorim({ order: 'order-1', attestation, application, keys: [] })).toBeUndefined()
  })
})

describe('the attestation key of a verdict', () => {
  const [facts] = keys
  const evidence: readonly Evidence[] = [
    { kind: 'attestation-key', ok: true, facts: { ...facts, tokenSha256: '00' } },
  ]
  const record: VerdictRecord = {
    verdict: 'PASS',
    reason: 'complete',
    message: '',
    remedy: '',
    evidence: [...evidence],
  }

  it('is that of the evidence', () => {
    expect(attestedKeyOf(record)).toEqual(facts)
  })

  it('is none of a unit that has not passed or was not asked', () => {
    expect(attestedKeyOf({ ...record, verdict: 'QUARANTINE' })).toBeUndefined()
    expect(attestedKeyOf({ ...record, evidence: [] })).toBeUndefined()
  })
})
