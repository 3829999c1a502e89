import { fromHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { encodeCbor } from '../cbor/encode.ts'
import { cborMap, CborTag, type CborValue } from '../cbor/value.ts'
import { EatError } from '../errors.ts'
import { encodeComid, readComid } from './comid.ts'

const octets = (length: number, value = 0xab): Uint8Array => new Uint8Array(length).fill(value)

function code(act: () => unknown): string {
  try {
    act()
    return 'none'
  } catch (error) {
    if (error instanceof EatError) return error.code
    throw error
  }
}

describe('the structure of a CoMID', () => {
  const identity = cborMap([0, 'tag'])
  const stateful = [cborMap(), [cborMap([1, cborMap()])]]
  const triples = (kind: number, value: CborValue): CborValue =>
    cborMap([1, identity], [4, cborMap([kind, value])])

  it.each([
    ['no map', 1],
    ['no triples', cborMap([1, identity])],
    ['triples that are no map', cborMap([1, identity], [4, []])],
    ['triples of a kind that are no list', triples(0, 1)],
    ['a triple that is no list', triples(0, [1])],
    ['an environment alone', triples(0, [[cborMap()]])],
    ['an environment that is no map', triples(0, [[1, []]])],
    ['a class that is no map', triples(0, [[cborMap([0, 1]), []]])],
    ['a vendor that is no text', triples(0, [[cborMap([0, cborMap([1, 1])]), []]])],
    ['a layer that is no integer', triples(0, [[cborMap([0, cborMap([3, 'x'])]), []]])],
    ['a measurement that is no map', triples(0, [[cborMap(), [1]]])],
    ['a measurement without values', triples(0, [[cborMap(), [cborMap()]]])],
    ['keys that are no list', triples(3, [[cborMap(), 1]])],
    ['four parts', triples(3, [[cborMap(), [], 1, 1]])],
    ['conditions that are no list', triples(10, [[1, [stateful]]])],
    ['an identity that is none', cborMap([1, cborMap([0, 7])], [4, cborMap()])],
    ['a version that is no integer', cborMap([1, cborMap([0, 'tag'], [1, 'x'])], [4, cborMap()])],
    ['a language that is no text', cborMap([0, 1], [1, identity], [4, cborMap()])],
    ['an entity without a name', cborMap([1, identity], [2, [cborMap([2, [0]])]], [4, cborMap()])],
    [
      'roles that are no integers',
      cborMap([1, identity], [2, [cborMap([0, 'a'], [2, ['x']])]], [4, cborMap()]),
    ],
    ['a key of octets', cborMap([octets(1), 1], [4, cborMap()])],
  ] satisfies ReadonlyArray<readonly [string, CborValue]>)('is refused with %s', (_, value) => {
    expect(code(() => [...readComid(encodeCbor(value))])).toBe('E_CORIM_STRUCTURE')
  })

  it.each(['a201a1006374616701a0', 'a304a001a1006374616704a0', 'a204a20080008001a1006174'])(
    'is refused with a key twice: %s',
    (hex) => {
      expect(code(() => [...readComid(fromHex(hex))])).toBe('E_CBOR_DUPLICATE_KEY')
    },
  )

  it('gives its header at the end', () => {
    const comid = {
      language: 'en',
      tagId: octets(16),
      tagVersion: 3,
      entities: [{ name: 'A', roles: [2] }],
    }
    const events = [...readComid(encodeComid({ ...comid, triples: [] }))]
    expect(events).toEqual([{ type: 'header', header: comid }])
  })

  it('keeps keys and conditions of identities', () => {
    const triple = {
      kind: 'identity',
      environment: {
        group: new CborTag(37, octets(16)),
        layer: 1,
        index: 2,
        classId: new CborTag(111, octets(3)),
      },
      keys: [new CborTag(554, 'x')],
      conditions: cborMap([0, 'thing']),
    } as const
    const [event] = [...readComid(encodeComid({ tagId: 'tag', triples: [triple] }))]
    expect(event).toMatchObject({ triple })
  })
})
