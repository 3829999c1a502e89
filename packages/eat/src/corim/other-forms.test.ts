import { concat, fromHex, seededRandom } from '@keyline/bytes'
import { generateCurveKeyPair } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { encodeCbor } from '../cbor/encode.ts'
import { cborMap, CborTag, type CborValue } from '../cbor/value.ts'
import { encodeComid, type Triple } from './comid.ts'
import { fromDraftForm } from './draft-form.ts'
import { keyText } from './key-text.ts'
import { olderPsaProfile, readOlderPsaStatements } from './older-profile.ts'
import { readPsaComid } from './psa-profile.ts'

const id = new Uint8Array(32).fill(7)
const digest = new Uint8Array(32).fill(2)
const signerId = new Uint8Array(32).fill(3)
const { publicKey } = generateCurveKeyPair('P-256', seededRandom('older'))
const instanceId = Uint8Array.of(1, ...id)

const olderTriples: readonly Triple[] = [
  {
    kind: 'reference',
    environment: { classId: new CborTag(600, id), vendor: 'ACME' },
    measurements: [
      {
        key: new CborTag(601, cborMap([1, 'BL'], [4, '1.0'], [5, signerId])),
        values: cborMap([2, [[1, digest]]]),
      },
    ],
  },
  {
    kind: 'identity',
    environment: { classId: new CborTag(600, id), instance: new CborTag(550, instanceId) },
    keys: [new CborTag(554, keyText(publicKey))],
  },
]

/** A CoRIM as the tools of the time wrote it. */
function older(profile: CborValue | undefined, tags?: CborValue): Uint8Array {
  const comid = concat(fromHex('d901fa'), encodeComid({ tagId: 'tag', triples: olderTriples }))
  return encodeCbor(cborMap([0, 'x'], [1, tags ?? [comid, fromHex('d901f9a0')]], [3, profile]))
}

describe('a CoRIM of the older profile', () => {
  it('says the same as one of the newer', () => {
    const [reference, anchor, ignored] = [...readOlderPsaStatements(older([olderPsaProfile]))]
    expect(reference).toMatchObject({
      kind: 'reference-value',
      value: { implementationId: id, vendor: 'ACME', name: 'BL', version: '1.0', signerId },
    })
    expect(anchor).toMatchObject({ kind: 'trust-anchor', value: { instanceId } })
    expect(ignored).toMatchObject({ kind: 'ignored', what: 'tag 505' })
  })

  it('may have its outer tag, its profile as one text, and tags around the octets', () => {
    const comid = encodeComid({ tagId: 'tag', triples: olderTriples })
    const map = cborMap([0, 'x'], [1, [new CborTag(506, comid)]], [3, olderPsaProfile])
    const statements = [...readOlderPsaStatements(encodeCbor(new CborTag(501, map)))]
    expect(statements).toHaveLength(2)
  })

  it.each([
    ['no profile', older(undefined), 'E_CORIM_PROFILE_MISSING'],
    ['another profile', older(['urn:other']), 'E_CORIM_PROFILE_UNSUPPORTED'],
    ['a tag that is none', older(olderPsaProfile, [fromHex('00')]), 'E_CORIM_STRUCTURE'],
    ['no id', encodeCbor(cborMap([1, []], [3, olderPsaProfile])), 'E_CORIM_STRUCTURE'],
  ])('is refused with %s', (_, octets, code) => {
    expect(() => [...readOlderPsaStatements(octets)]).toThrow(expect.objectContaining({ code }))
  })

  it('is refused by the rules of the newer where its values break them', () => {
    const [reference] = olderTriples
    if (reference?.kind !== 'reference') throw new TypeError('no reference')
    const measurements = [{ key: new CborTag(601, cborMap()), values: cborMap([2, [[1, digest]]]) }]
    for (const triple of [
      { ...reference, measurements },
      { ...reference, environment: {} },
    ]) {
      const comid = encodeComid({ tagId: 'tag', triples: [triple] })
      const octets = older(olderPsaProfile, [new CborTag(506, comid)])
      expect(() => [...readOlderPsaStatements(octets)]).toThrow(
        'corim.tags[0].triples.reference[0]',
      )
    }
  })
})

describe('a CoMID in the form of a draft', () => {
  const environment = { classId: new CborTag(560, id) }
  const values = cborMap([2, ['sha-256', digest]], [13, new CborTag(560, signerId)])
  const reference: Triple = {
    kind: 'reference',
    environment,
    measurements: [{ key: 'psa.software-component', values }],
  }
  const condition = [
    cborMap([0, cborMap([0, new CborTag(560, id)])]),
    cborMap([0, 'psa.software-component'], [1, values]),
  ]
  const certified: Triple = {
    kind: 'other',
    key: 9,
    value: [
      [[condition], cborMap([100, '1234567890123 - 12345'])],
      [condition, cborMap([100, '1234567890123-12345'])],
    ],
  }
  const comid = encodeComid({ tagId: 'tag', triples: [reference, certified] })

  it('is refused, and read when that is asked for', () => {
    expect(() => [...readPsaComid(comid)]).toThrow(
      expect.objectContaining({ code: 'E_CORIM_MVAL' }),
    )
    const statements = [...readPsaComid(comid, { convert: fromDraftForm })]
    expect(statements).toMatchObject([
      {
        kind: 'reference-value',
        value: { signerId, digests: [{ algorithm: 'sha-256', value: digest }] },
      },
      { kind: 'certification', value: { number: '1234567890123-12345', implementationId: id } },
      { kind: 'certification', value: { number: '1234567890123-12345', implementationId: id } },
    ])
  })

  it('may be in the form of the profile as well', () => {
    const good = cborMap([2, [[1, digest]]], [13, [new CborTag(560, signerId)]])
    const triple = { ...reference, measurements: [{ key: 'psa.software-component', values: good }] }
    expect(fromDraftForm(triple, 'triple')).toEqual([triple])
    const other = { kind: 'other', key: 8, value: [] } as const
    expect(fromDraftForm(other, 'triple')).toEqual([other])
  })
})
