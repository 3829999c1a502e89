import { seededRandom } from '@keyline/bytes'
import { curveKeyPair, deterministicNonces, drawPrivateKey, signDigest } from '@keyline/crypto'
import {
  coseAlgorithms,
  decodeCorim,
  EatError,
  encodeCorim,
  encodePsaCorim,
  psaCorimProfile,
  signCorim,
} from '@keyline/eat'
import { describe, expect, it } from 'vitest'
import {
  deviceComponent,
  deviceCorim,
  deviceImplementation,
  deviceTime as time,
  referenceFor,
  verifiedDevice,
} from '../../../../test/support/verified-device.ts'
import { VerifierError } from '../errors.ts'
import { MemoryTrustStore } from '../store/memory-store.ts'
import { keyThumbprint } from './corim-signer.ts'
import { importCorim, type ImportOptions } from './import-corim.ts'

const one = verifiedDevice(1)
const two = verifiedDevice(2)
const privateKey = drawPrivateKey('P-256', seededRandom('signer'))
const { publicKey } = curveKeyPair('P-256', privateKey)
const signer = {
  algorithm: coseAlgorithms.ES256,
  signDigest: (digest: Uint8Array) =>
    signDigest({ curve: 'P-256', privateKey, digest, nonces: deterministicNonces('SHA-256') }),
}

async function codeOf(
  corim: Uint8Array,
  options: Partial<ImportOptions> = {},
  store = new MemoryTrustStore(),
): Promise<string> {
  try {
    await importCorim(corim, store, { time, ...options })
    return 'none'
  } catch (error) {
    expect(store.size).toBeLessThanOrEqual(1)
    if (error instanceof VerifierError || error instanceof EatError) return error.code
    throw error
  }
}

function refusing(): never {
  throw new VerifierError('E_X509_TIME', 'is past')
}

function broken(): never {
  throw new RangeError('broken')
}

describe('an import', () => {
  it('stores all statements, and the same ones again change nothing', async () => {
    const store = new MemoryTrustStore()
    const report = await importCorim(deviceCorim([one, two]), store, { time })
    expect(report).toMatchObject({
      signer: undefined,
      isDryRun: false,
      trustAnchors: { added: 2, present: 0, replaced: 0 },
      referenceValues: { added: 2, present: 0, replaced: 0 },
      warnings: [],
    })
    const again = await importCorim(deviceCorim([one, two]), store, { time })
    expect(again).toMatchObject({
      trustAnchors: { added: 0, present: 2 },
      referenceValues: { added: 0, present: 2 },
    })
    expect(store.size).toBe(2)
    expect(store.findAnchor(deviceImplementation, one.instanceId)?.source).toBe(report.corimId)
  })

  it('for show says the same and stores nothing', async () => {
    const store = new MemoryTrustStore()
    const report = await importCorim(deviceCorim([one]), store, { time, isDryRun: true })
    expect(report).toMatchObject({ isDryRun: true, trustAnchors: { added: 1 } })
    expect(store.size).toBe(0)
  })

  it('takes all back when one statement is a conflict, unless a manager replaces the key', async () => {
    const store = new MemoryTrustStore()
    await importCorim(deviceCorim([one]), store, { time })
    const other = deviceCorim([two, { instanceId: one.instanceId, publicKey: two.publicKey }])
    expect(await codeOf(other, {}, store)).toBe('E_CORIM_CONFLICT')
    expect(store.size).toBe(1)
    expect(store.referencesOf(deviceImplementation).values).toHaveLength(2)
    const report = await importCorim(other, store, { time, replace: true })
    expect(report.trustAnchors).toEqual({ added: 1, present: 0, replaced: 1 })
  })

  it('takes all back when a later statement is malformed', async () => {
    const good = decodeCorim(deviceCorim([one]))
    const torn = encodeCorim({
      ...good,
      tags: [...good.tags, { tag: 506, octets: Uint8Array.of(0xa0) }],
    })
    const store = new MemoryTrustStore()
    expect(await codeOf(torn, {}, store)).toMatch(/^E_CORIM_STRUCTURE$/)
    expect(store.size).toBe(0)
  })

  it('warns of what it does not use, and not endlessly', async () => {
    const good = decodeCorim(deviceCorim([one]))
    const others = Array.from({ length: 105 }, () => ({ tag: 505, octets: Uint8Array.of(0xa0) }))
    const mixed = encodeCorim({ ...good, tags: [...good.tags, ...others] })
    const { warnings } = await importCorim(mixed, new MemoryTrustStore(), { time })
    expect(warnings[0]).toBe('corim.tags[1]: tag 505 is not used')
    expect(warnings).toHaveLength(101)
    expect(warnings.at(-1)).toBe('5 more are not shown')
  })

  it('is refused outside the validity of the CoRIM, and with another profile than the sender names', async () => {
    const old = encodePsaCorim({
      id: new Uint8Array(16),
      tagId: 'a',
      validity: { notAfter: time - 1 },
      referenceValues: [referenceFor(deviceComponent('BL', '1'))],
    })
    expect(await codeOf(old)).toBe('E_CORIM_VALIDITY')
    const late = await importCorim(old, new MemoryTrustStore(), { time: time - 1 })
    expect(late.corimId).toBe('00'.repeat(16))
    expect(await codeOf(deviceCorim([one]), { profile: psaCorimProfile })).toBe('none')
    expect(await codeOf(deviceCorim([one]), { profile: 'tag:other' })).toBe(
      'E_CORIM_PROFILE_UNSUPPORTED',
    )
    const { profile: _, ...unnamed } = decodeCorim(deviceCorim([one]))
    expect(await codeOf(encodeCorim(unnamed), { profile: psaCorimProfile })).toBe(
      'E_CORIM_PROFILE_MISSING',
    )
  })
})

describe('a signed CoRIM', () => {
  const about = { meta: { signer: 'maker', validity: { notAfter: time + 10 } } }

  it('is stored under an accepted key, which its key id may name', async () => {
    const keyId = keyThumbprint(publicKey)
    const named = await signCorim(deviceCorim([one]), signer, { ...about, keyId })
    const keys = [two.publicKey, publicKey]
    const report = await importCorim(named, new MemoryTrustStore(), { time, signers: { keys } })
    expect(report.signer).toBe('maker')
    const unnamed = await signCorim(deviceCorim([one]), signer, about)
    expect(await codeOf(unnamed, { signers: { keys } })).toBe('none')
    const misnamed = await signCorim(deviceCorim([one]), signer, {
      ...about,
      keyId: new Uint8Array(32),
    })
    expect(await codeOf(misnamed, { signers: { keys } })).toBe('none')
  })

  it('is refused without an accepted signer, under another key, and past its time', async () => {
    const signed = await signCorim(deviceCorim([one]), signer, about)
    expect(await codeOf(signed)).toBe('E_CORIM_SIGNATURE')
    expect(await codeOf(signed, { signers: { keys: [two.publicKey] } })).toBe('E_CORIM_SIGNATURE')
    const late = { time: time + 11, signers: { keys: [publicKey] } }
    expect(await codeOf(signed, late)).toBe('E_CORIM_VALIDITY')
  })

  it('is stored under a certificate that the pool of authorities accepts', async () => {
    const certificateChain = [Uint8Array.of(1)]
    const signed = await signCorim(deviceCorim([one]), signer, { ...about, certificateChain })
    expect(await codeOf(signed, { signers: { certified: () => publicKey } })).toBe('none')
    expect(await codeOf(signed, { signers: { certified: refusing } })).toBe('E_CORIM_SIGNATURE')
    await expect(codeOf(signed, { signers: { certified: broken } })).rejects.toThrow('broken')
  })
})
