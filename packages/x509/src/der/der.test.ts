import { fromHex, toHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { X509Error, type X509ErrorCode } from '../errors.ts'
import { maxDerDepth } from './limits.ts'
import { DerReader } from './reader.ts'
import { assertStrictDer } from './strict.ts'
import { DerTag } from './tag.ts'
import {
  derBitString,
  derBoolean,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  derTagged,
  derTaggedPrimitive,
  derUtf8,
  derValue,
} from './writer.ts'

function codeOf(run: () => unknown): X509ErrorCode | 'none' {
  try {
    run()
    return 'none'
  } catch (error) {
    if (error instanceof X509Error) return error.code
    throw error
  }
}

const accepts = (octets: Uint8Array): boolean =>
  codeOf(() => assertStrictDer(octets, octets.length)) === 'none'

/** Takes a value apart with the reader and puts it together with the writer. */
function rebuilt(octets: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  const reader = new DerReader(octets)
  while (!reader.isAtEnd) {
    const { tag, content } = reader.any('value')
    parts.push(derValue(tag, (tag & 0x20) === 0 ? content : rebuilt(content)))
  }
  return Buffer.concat(parts)
}

const arc = fc.integer({ min: 0, max: 2 ** 31 - 80 })
const dotted = fc
  .tuple(fc.nat(2), fc.nat(39), fc.array(arc, { maxLength: 6 }))
  .map((arcs) => arcs.flat().join('.'))

const { value } = fc.letrec<{ value: Uint8Array }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map(derOctetString),
      fc.uint8Array({ maxLength: 20 }).map(derInteger),
      fc.boolean().map(derBoolean),
      fc.constant(derNull()),
      dotted.map(derOid),
      fc.string({ unit: 'grapheme' }).map(derUtf8),
      fc.uint8Array({ maxLength: 20 }).map((octets) => derBitString(octets)),
      fc.uint8Array({ maxLength: 20 }).map((octets) => derTaggedPrimitive(2, octets)),
    ),
    fc.array(tie('value'), { maxLength: 4 }).map((members) => derSequence(...members)),
    fc.array(tie('value'), { maxLength: 4 }).map((members) => derSet(...members)),
    tie('value').map((member) => derTagged(3, member)),
  ),
}))

describe('strict DER', () => {
  it('accepts whatever the writer writes, and reads it back', () => {
    fc.assert(
      fc.property(value, (octets) => {
        expect(() => assertStrictDer(octets, octets.length)).not.toThrow()
        expect(toHex(rebuilt(octets))).toBe(toHex(octets))
      }),
    )
  })

  it('refuses every prefix', () => {
    fc.assert(
      fc.property(value, (octets) => {
        for (let length = 0; length < octets.length; length++) {
          expect(accepts(octets.subarray(0, length))).toBe(false)
        }
      }),
    )
  })

  it('refuses a changed octet, or reads what encodes to the same octets again', () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.integer({ min: 1, max: 255 }), (octets, place, change) => {
        const changed = Uint8Array.from(octets)
        const index = place % changed.length
        changed[index] = (changed[index] ?? 0) ^ change
        if (accepts(changed)) expect(toHex(rebuilt(changed))).toBe(toHex(changed))
      }),
    )
  })

  it('ends every input with a verdict or an error of its own', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => {
        codeOf(() => assertStrictDer(octets, octets.length))
      }),
    )
  })

  it.each([
    ['nothing', ''],
    ['a tag without a length', '30'],
    ['an indefinite length', '30800201000000'],
    ['a length of one octet in the long form', '308103020100'],
    ['a length with leading zeros', '30820003020100'],
    ['a length of five octets', '30850000000003020100'],
    ['a content that is cut', '3004020100'],
    ['octets behind the value', '02010000'],
    ['a tag of several octets', '1f810100'],
    ['the end-of-contents tag', '0000'],
    ['an integer without content', '0200'],
    ['an integer with a leading zero', '0202007f'],
    ['an integer with a leading FF', '0202ff80'],
    ['a boolean of two octets', '01020000'],
    ['a boolean that is neither 00 nor FF', '010101'],
    ['a null with content', '050100'],
    ['a bit string without a count', '0300'],
    ['a bit string with a count above 7', '03020800'],
    ['a bit string with unused bits that are set', '03020781'],
    ['an empty bit string with unused bits', '030107'],
    ['an object identifier without content', '0600'],
    ['an object identifier that ends inside an arc', '06022a86'],
    ['an object identifier with an arc in a long form', '06032a8001'],
    ['an object identifier with an arc above 2^31', '06062a8fffffff7f'],
    ['a primitive sequence', '1003020100'],
    ['a primitive set', '1103020100'],
    ['a constructed octet string', '2403040100'],
    ['a set out of order', '3106020102020101'],
  ])('refuses %s', (_, hex) => {
    expect(codeOf(() => assertStrictDer(fromHex(hex), 1000))).toBe('DER_MALFORMED')
  })

  it.each([
    ['zero', '020100'],
    ['a negative integer', '0201ff'],
    ['an integer that needs its leading zero', '02020080'],
    ['a set in order', '3106020101020102'],
    ['an empty sequence', '3000'],
    ['an arc of exactly 2^31', '06062a8880808000'],
  ])('accepts %s', (_, hex) => {
    expect(accepts(fromHex(hex))).toBe(true)
  })

  it('allows twelve levels, the value itself included, and not one more', () => {
    const nested = (levels: number): Uint8Array =>
      levels === 1 ? derNull() : derSequence(nested(levels - 1))
    expect(maxDerDepth).toBe(12)
    expect(codeOf(() => assertStrictDer(nested(12), 1000))).toBe('none')
    expect(codeOf(() => assertStrictDer(nested(13), 1000))).toBe('DER_LIMIT')
  })

  it('survives nesting that would exhaust a stack', () => {
    const bomb = new Uint8Array(200_000).fill(0x30)
    expect(codeOf(() => assertStrictDer(bomb, bomb.length))).not.toBe('none')
  })

  it('refuses more octets than the limit before it looks at them', () => {
    expect(codeOf(() => assertStrictDer(new Uint8Array(11), 10))).toBe('DER_LIMIT')
  })
})

describe('the reader', () => {
  it('names the field, its offset and what stood there', () => {
    const reader = new DerReader(fromHex('0201050500'))
    reader.integer('version')
    expect(() => reader.oid('algorithm')).toThrow('algorithm at 3 must have tag 06, but tag 05')
  })

  it('tells a missing value from a foreign one', () => {
    expect(() => new DerReader(Uint8Array.of()).octetString('key')).toThrow('but nothing stands')
    expect(() => new DerReader(Uint8Array.of()).any('key')).toThrow('is missing')
  })

  it('does not read beyond the value it has entered', () => {
    const reader = new DerReader(fromHex('3003020101020102'))
    const members = reader.sequence('members')
    expect(members.smallInteger('first')).toBe(1)
    expect(members.isAtEnd).toBe(true)
    expect(members.isNext(DerTag.integer)).toBe(false)
    expect(reader.smallInteger('second')).toBe(2)
  })

  it.each(['0201ff', '02050080000000', '02050100000000'])('refuses %s as a small number', (hex) => {
    expect(codeOf(() => new DerReader(fromHex(hex)).smallInteger('n'))).toBe('DER_MALFORMED')
  })

  it('refuses members behind the last one', () => {
    expect(() => new DerReader(derNull()).end('record')).toThrow('has members behind')
  })
})

describe('object identifiers', () => {
  it.each([
    ['2.5.29.19', '0603551d13'],
    ['1.2.840.10045.4.3.2', '06082a8648ce3d040302'],
    ['1.3.6.1.4.1.37244.2.1', '060a2b0601040182a27c0201'],
    ['2.999.3', '0603883703'],
    ['0.0', '060100'],
    ['2.16.840.1.101.3.4.2.1', '0609608648016503040201'],
  ])('%s is %s', (text, hex) => {
    expect(toHex(derOid(text))).toBe(hex)
    expect(new DerReader(fromHex(hex)).oid('type')).toBe(text)
  })

  it('come back as they were written', () => {
    fc.assert(
      fc.property(dotted, (text) => {
        expect(new DerReader(derOid(text)).oid('type')).toBe(text)
      }),
    )
  })

  it('are told apart, however many were met before', () => {
    const texts = Array.from(
      { length: 1000 },
      (_, index) => `1.3.6.1.4.1.37244.${index >> 4}.${index}`,
    )
    for (const text of [...texts, ...texts.toReversed()]) {
      expect(new DerReader(derOid(text)).oid('type')).toBe(text)
    }
  })

  it.each(['', '1', '3.1', '1.40', '1.2.', '1.2.x', '1.2.4294967296', '-1.2', '1.2.01e1'])(
    'refuses %j',
    (text) => {
      expect(codeOf(() => derOid(text))).toBe('X509_VALUE')
    },
  )
})

describe('the writer', () => {
  it.each([
    [0, '020100'],
    [127, '02017f'],
    [128, '02020080'],
    [256, '02020100'],
    [2 ** 40, '0206010000000000'],
  ])('writes %i in its shortest form', (number, hex) => {
    expect(toHex(derInteger(number))).toBe(hex)
  })

  it.each([127, 128, 255, 256, 65_535, 65_536])(
    'writes a length of %i in its shortest form',
    (n) => {
      const octets = derOctetString(new Uint8Array(n))
      expect(accepts(octets)).toBe(true)
      expect(new DerReader(octets).octetString('value')).toHaveLength(n)
    },
  )

  it('refuses what no integer or value can say', () => {
    expect(codeOf(() => derInteger(-1))).toBe('X509_VALUE')
    expect(codeOf(() => derInteger(0.5))).toBe('X509_VALUE')
    expect(codeOf(() => derOctetString(new Uint8Array(2 ** 24)))).toBe('X509_VALUE')
  })
})
