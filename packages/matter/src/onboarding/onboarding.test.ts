import { readFileSync } from 'node:fs'
import { fromHex, isKeylineError, seededRandom } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { check } from '../../../../test/support/vectors/matter-onboarding.ts'
import { drawDiscriminator, drawPasscode, isPasscode } from '../factory-data/passcode.ts'
import { decodeBase38, encodeBase38 } from './base38.ts'
import { decodeManualCode, encodeManualCode, formatManualCode } from './manual-code.ts'
import { decodeNdef, decodeType2Tag, encodeNdef, encodeType2Tag } from './nfc.ts'
import { payloadProblems, type OnboardingPayload } from './payload.ts'
import { decodeQrPayload, encodeQrPayload, packQrPayload } from './qr.ts'
import { qrModules, qrSvg, qrTerminal } from './symbol.ts'

const folder = new URL('../../../../test/vectors/matter/onboarding/', import.meta.url)

const device: OnboardingPayload = {
  version: 0,
  vendorId: 0xfff1,
  productId: 0x8004,
  flow: 0,
  discovery: 2,
  discriminator: 0xf00,
  passcode: 20_202_021,
}

const payloads = fc.record({
  version: fc.constant(0),
  vendorId: fc.integer({ min: 1, max: 0xfff4 }),
  productId: fc.integer({ min: 1, max: 0xffff }),
  flow: fc.nat({ max: 2 }),
  discovery: fc.nat({ max: 0x3f }),
  discriminator: fc.nat({ max: 0xfff }),
  passcode: fc.integer({ min: 1, max: 99_999_998 }).filter(isPasscode),
})

function isRefused(act: () => unknown): boolean {
  try {
    act()
    return false
  } catch (error) {
    expect(isKeylineError(error)).toBe(true)
    return true
  }
}

describe('onboarding codes', () => {
  it.each([
    ['base38.json', 26],
    ['manual.json', 33],
    ['nfc.json', 3],
    ['qr-concatenated.json', 6],
    ['qr-invalid.json', 9],
    ['qr.json', 26],
    ['verhoeff.json', 12],
  ])('agree with every case of %s', async (name, count) => {
    const json: unknown = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
    const results = await check({ path: `matter/onboarding/${name}`, json })
    expect(results.filter((result) => !result.ok)).toEqual([])
    expect(results).toHaveLength(count)
  })

  it('bring any payload back from the QR text', () => {
    fc.assert(
      fc.property(fc.array(payloads, { minLength: 1, maxLength: 3 }), ([first, ...rest]) => {
        if (first === undefined) throw new Error('no payload')
        expect(decodeQrPayload(encodeQrPayload(first, ...rest))).toEqual([first, ...rest])
      }),
    )
  })

  it('bring elements of the vendor and of the label back', () => {
    const elements = [
      { tag: 0x82, type: 'text', value: 'myData' },
      { tag: 0x83, type: 'int', value: -12 },
      { tag: 0x00, type: 'text', value: '1234567890' },
    ] as const
    expect(decodeQrPayload(encodeQrPayload({ ...device, elements }))).toEqual([
      { ...device, elements },
    ])
  })

  it.each([
    ['152c', /not TLV/],
    ['0801', /not TLV/],
    ['08', /not a TLV structure/],
    ['1524820118', /element 130 is uint/],
    ['152c01016118', /element 1 is text/],
  ])('refuse %s behind the payload', (hex, message) => {
    const octets = Uint8Array.of(...packQrPayload(device), ...fromHex(hex))
    expect(() => decodeQrPayload(`MT:${encodeBase38(octets)}`)).toThrow(message)
  })

  it('refuse each prefix of a QR text', () => {
    const text = encodeQrPayload(device)
    for (let length = 0; length < text.length; length++) {
      expect(isRefused(() => decodeQrPayload(text.slice(0, length)))).toBe(true)
    }
  })

  it('bring any octets back from Base38, and never two texts to the same octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
        expect(decodeBase38(encodeBase38(octets))).toEqual(Uint8Array.from(octets))
      }),
    )
    const digits = fc.constantFrom(...Array.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-.'))
    fc.assert(
      fc.property(fc.string({ unit: digits, maxLength: 12 }), (text) => {
        if (isRefused(() => decodeBase38(text))) return
        expect(encodeBase38(decodeBase38(text))).toBe(text)
      }),
    )
  })

  it('bring discriminator, passcode and ids back from the manual code', () => {
    fc.assert(
      fc.property(payloads, fc.constantFrom('short', 'long'), (payload, form) => {
        const { passcode, discriminator, vendorId, productId } = payload
        const decoded = decodeManualCode(formatManualCode(encodeManualCode(payload, form)))
        const short = { shortDiscriminator: discriminator >> 8, passcode }
        expect(decoded).toEqual(form === 'short' ? short : { ...short, vendorId, productId })
      }),
    )
  })

  it('tell each single wrong digit and each swap of two neighbours in a manual code', () => {
    fc.assert(
      fc.property(
        payloads,
        fc.nat({ max: 20 }),
        fc.integer({ min: 1, max: 9 }),
        (payload, at, by) => {
          const code = encodeManualCode(payload)
          const place = at % code.length
          const digit = (Number(code.charAt(place)) + by) % 10
          expect(isRefused(() => decodeManualCode(replaceAt(code, place, String(digit))))).toBe(
            true,
          )
          const next = code.charAt(place + 1)
          if (next === '' || next === code.charAt(place)) return
          const swapped = replaceAt(replaceAt(code, place, next), place + 1, code.charAt(place))
          expect(isRefused(() => decodeManualCode(swapped))).toBe(true)
        },
      ),
    )
  })

  it('survive any text', () => {
    const readers = [decodeBase38, decodeManualCode, decodeQrPayload]
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.constantFrom(...readers), (text, read) => {
        expect([true, false]).toContain(isRefused(() => read(text)))
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        expect(isRefused(() => decodeNdef(octets)) || decodeNdef(octets).length >= 0).toBe(true)
        expect(isRefused(() => decodeType2Tag(octets))).toBe(true)
      }),
    )
  })

  it('wrap a long text for a tag with a length of three octets', () => {
    const text = `MT:${'A'.repeat(251)}`
    const tag = encodeType2Tag(text)
    expect([...tag.subarray(0, 4)]).toEqual([0x03, 0xff, 0x01, 0x03])
    expect(decodeType2Tag(tag)).toBe(text)
    expect(() => encodeNdef(`${text}A`)).toThrow(/254/)
  })
})

describe('payloadProblems', () => {
  it.each([
    [{ version: 1 }, /version/],
    [{ vendorId: 0 }, /vendor id 0/],
    [{ vendorId: 0xfff5 }, /vendor id 65525/],
    [{ productId: 0 }, /product id 0/],
    [{ flow: 3 }, /flow 3/],
    [{ discovery: 0x40 }, /reserved bits/],
    [{ discriminator: 4096 }, /discriminator 4096/],
    [{ passcode: 12_345_678 }, /passcode/],
    [{ passcode: 99_999_999 }, /passcode/],
  ])('names what forbids %j, and the label is refused', (change, message) => {
    expect(payloadProblems({ ...device, ...change }).join()).toMatch(message)
    expect(() => encodeQrPayload({ ...device, ...change })).toThrow(message)
  })

  it('never shows the passcode', () => {
    expect(payloadProblems({ ...device, passcode: 11_111_111 }).join()).not.toContain('1111')
  })

  it('allows the anonymous pair of ids', () => {
    expect(payloadProblems({ ...device, vendorId: 0, productId: 0 })).toEqual([])
  })
})

describe('QR symbols', () => {
  it('are version 2 for a plain payload: alphanumeric mode, level M', () => {
    expect(qrModules(encodeQrPayload(device))).toHaveLength(25)
    expect(() => qrModules('mt:')).toThrow(/alphanumeric/)
  })

  it('draw exactly the dark modules, inside a quiet zone of four', () => {
    const text = encodeQrPayload(device)
    const svg = qrSvg(text)
    expect(svg).toContain('viewBox="0 0 33 33"')
    const drawn = qrModules(text).map((row) => row.map(() => false))
    for (const [, x, y, width] of svg.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
      drawn[Number(y) - 4]?.fill(true, Number(x) - 4, Number(x) - 4 + Number(width))
    }
    expect(drawn).toEqual(qrModules(text))
  })

  it('carry the manual code as text below', () => {
    const svg = qrSvg(encodeQrPayload(device), { manualCode: encodeManualCode(device) })
    expect(svg).toContain('>3497-011-2332</text>')
  })

  it('fill a terminal with the symbol and its quiet zone', () => {
    const lines = qrTerminal(encodeQrPayload(device)).trimEnd().split('\n')
    expect(lines).toHaveLength(17)
    expect(new Set(lines.map((line) => line.length))).toEqual(new Set([33]))
    expect(lines[0]).toBe('█'.repeat(33))
    expect(lines[2]).toContain(' ▄▄▄▄▄ ')
  })
})

describe('draws', () => {
  it('give allowed values only, each seed its own', () => {
    const random = seededRandom('draws')
    const passcodes = Array.from({ length: 1000 }, () => drawPasscode(random))
    expect(passcodes.every(isPasscode)).toBe(true)
    expect(new Set(passcodes).size).toBeGreaterThan(990)
    const discriminators = Array.from({ length: 1000 }, () => drawDiscriminator(random))
    expect(discriminators.every((value) => value >= 0 && value <= 0xfff)).toBe(true)
  })

  it('draw again instead of handing out a forbidden passcode', () => {
    const draws = [11_111_110, 12_345_677, 55]
    const random = {
      bytes: () => {
        const octets = new Uint8Array(4)
        new DataView(octets.buffer).setUint32(0, draws.shift() ?? 0)
        return octets
      },
    }
    expect(drawPasscode(random)).toBe(56)
  })
})

function replaceAt(text: string, place: number, character: string): string {
  return text.slice(0, place) + character + text.slice(place + 1)
}
