import { seededRandom } from '@keyline/bytes'
import { generateCurveKeyPair } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { cborMap, CborTag, type CborValue } from '../cbor/value.ts'
import { EatError } from '../errors.ts'
import { encodeComid, type Triple } from './comid.ts'
import { keyText } from './key-text.ts'
import { readPsaComid } from './psa-profile.ts'

const octets = (length: number, value = 0xab): Uint8Array => new Uint8Array(length).fill(value)
const pair = generateCurveKeyPair('P-256', seededRandom('psa'))
const implementationId = octets(32)
const instanceId = Uint8Array.of(1, ...octets(32))

function code(act: () => unknown): string {
  try {
    act()
    return 'none'
  } catch (error) {
    if (error instanceof EatError) return error.code
    throw error
  }
}

const classId = new CborTag(560, implementationId)
const values = cborMap([2, [[1, octets(32)]]], [13, [new CborTag(560, octets(32))]])
const key = 'psa.software-component'

/** The reason against a CoMID of one triple. */
function refusal(triple: Triple): string {
  const comid = encodeComid({ tagId: 'tag', triples: [triple] })
  return code(() => [...readPsaComid(comid)])
}

function referenceTriple(
  measured: Partial<{ key: CborValue; values: CborValue }>,
  environment: object = { classId },
): Triple {
  const all = { key, values, ...measured }
  return {
    kind: 'reference',
    environment,
    measurements: [{ key: all.key, values: all.values as typeof values }],
  }
}

function mval(changed: number, value: CborValue | undefined): Triple {
  const entries = [...values].filter(([one]) => one !== changed)
  return referenceTriple({ values: cborMap(...entries, [changed, value]) })
}

const signer = new CborTag(560, octets(32))
const digest = octets(32)

describe('the statements of a CoMID', () => {
  it.each([
    ['a good one', referenceTriple({}), 'none'],
    [
      'a class of another tag',
      referenceTriple({}, { classId: new CborTag(37, octets(16)) }),
      'E_CORIM_CLASS_ID_TYPE',
    ],
    ['no class', referenceTriple({}, {}), 'E_CORIM_CLASS_ID_TYPE'],
    [
      'a short class',
      referenceTriple({}, { classId: new CborTag(560, octets(31)) }),
      'E_CORIM_CLASS_ID_SIZE',
    ],
    [
      'an instance',
      referenceTriple({}, { classId, instance: new CborTag(550, instanceId) }),
      'E_CORIM_INSTANCE_UNEXPECTED',
    ],
    [
      'no measurement',
      { kind: 'reference', environment: { classId }, measurements: [] },
      'E_CORIM_MKEY',
    ],
    ['another key', referenceTriple({ key: 'other' }), 'E_CORIM_MKEY'],
    ['no digests', mval(2, undefined), 'E_CORIM_MVAL'],
    ['a flat digest', mval(2, [1, digest]), 'E_CORIM_MVAL'],
    ['a digest of another length', mval(2, [[1, octets(48)]]), 'E_CORIM_MVAL'],
    ['a digest of an unknown algorithm', mval(2, [[10, digest]]), 'none'],
    ['a digest of 20 octets', mval(2, [[10, octets(20)]]), 'E_CORIM_MVAL'],
    [
      'an algorithm twice',
      mval(2, [
        [1, digest],
        ['sha-256', digest],
      ]),
      'E_CORIM_MVAL',
    ],
    [
      'two algorithms',
      mval(2, [
        [1, digest],
        ['sha-384', octets(48)],
      ]),
      'none',
    ],
    ['one signer without a list', mval(13, signer), 'E_CORIM_MVAL'],
    ['two signers', mval(13, [signer, signer]), 'E_CORIM_MVAL'],
    ['a name of octets', mval(11, octets(1)), 'E_CORIM_MVAL'],
    ['a version with a scheme', mval(0, cborMap([0, '1.0'], [1, 16384])), 'E_CORIM_MVAL'],
    ['a version as text', mval(0, '1.0'), 'E_CORIM_MVAL'],
    ['an endorsed value', { ...referenceTriple({}), kind: 'endorsed' } as Triple, 'none'],
    ['a triple of a draft', { kind: 'other', key: 9, value: [] }, 'E_CORIM_MVAL'],
    ['an unknown triple', { kind: 'other', key: 77, value: 'anything' }, 'none'],
  ] satisfies ReadonlyArray<readonly [string, Triple, string]>)(
    'with %s: %#',
    (_, triple, wanted) => {
      expect(refusal(triple)).toBe(wanted)
    },
  )

  const instance = new CborTag(550, instanceId)
  const good = new CborTag(554, keyText(pair.publicKey))
  const attest = (changed: {
    instance?: CborValue | undefined
    keys?: readonly CborValue[]
  }): Triple => {
    const { instance: named, keys } = { instance, keys: [good], ...changed }
    return { kind: 'attestKey', environment: { classId, instance: named }, keys }
  }

  it.each([
    ['a good key', attest({}), 'none'],
    ['no instance', attest({ instance: undefined }), 'E_CORIM_INSTANCE_MISSING'],
    [
      'an instance of another tag',
      attest({ instance: new CborTag(37, octets(16)) }),
      'E_CORIM_INSTANCE_TYPE',
    ],
    [
      'an instance of another type',
      attest({ instance: new CborTag(550, octets(33)) }),
      'E_CORIM_INSTANCE_TYPE',
    ],
    ['no key', attest({ keys: [] }), 'E_CORIM_KEY_COUNT'],
    ['two keys', attest({ keys: [good, good] }), 'E_CORIM_KEY_COUNT'],
    ['a certificate', attest({ keys: [new CborTag(555, 'x')] }), 'E_CORIM_KEY_TYPE'],
    ['a text that is no key', attest({ keys: [new CborTag(554, 'x')] }), 'E_CORIM_KEY_PARSE'],
  ] satisfies ReadonlyArray<readonly [string, Triple, string]>)(
    'with %s of a device: %#',
    (_, triple, wanted) => {
      expect(refusal(triple)).toBe(wanted)
    },
  )

  it('hold certifications under their conditions', () => {
    const measurement = {
      key: 'psa.certification',
      values: cborMap([100, '1234567890123 - 12345']),
    }
    const environment = { classId }
    const triple: Triple = {
      kind: 'conditional',
      conditions: [{ environment, measurements: [{ key, values }] }],
      endorsements: [{ environment, measurements: [measurement, { key, values }] }],
    }
    const comid = encodeComid({ tagId: 'tag', triples: [triple] })
    const [certified, ignored] = [...readPsaComid(comid)]
    expect(certified).toMatchObject({
      kind: 'certification',
      value: { number: '1234567890123-12345', implementationId },
    })
    expect(ignored?.kind).toBe('ignored')
    const wrong = { ...measurement, values: cborMap([100, '123']) }
    const endorsements = [{ environment, measurements: [wrong] }]
    expect(refusal({ ...triple, endorsements })).toBe('E_CORIM_MVAL')
  })
})
