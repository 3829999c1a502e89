import { toHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { PsaStatus } from '../status/status.ts'
import { decodeKeyFile, encodeKeyFile, keyFileHeadLength } from './key-file.ts'

const attributes = {
  lifetime: 0x8000_0101,
  type: 0x7112,
  bits: 256,
  usage: 0x1400,
  algorithm: 0x0600_0609,
}
const file = encodeKeyFile({ attributes, data: Uint8Array.of(1, 2, 3) })

function changed(offset: number, value: number): number {
  const copy = file.slice()
  copy[offset] = value
  return decodeKeyFile(copy).status
}

describe('the file of a persistent key', () => {
  it('has the layout of the specification', () => {
    expect(toHex(file)).toBe(
      '505341004b455900 00000000 01010080 1271 0001 00140000 09060006 00000000 03000000 010203'.replaceAll(
        ' ',
        '',
      ),
    )
  })

  it('comes back as it was; no prefix of it does', () => {
    const word = fc.nat({ max: 0xffff_ffff })
    const half = fc.nat({ max: 0xffff })
    const content = fc.record({
      attributes: fc.record({
        lifetime: word.map((lifetime) => (lifetime | 1) >>> 0),
        type: half,
        bits: half,
        usage: word,
        algorithm: word,
      }),
      data: fc.uint8Array({ minLength: 1, maxLength: 64 }),
    })
    fc.assert(
      fc.property(content, fc.nat(), (given, cut) => {
        const octets = encodeKeyFile(given)
        expect(decodeKeyFile(octets)).toEqual({ status: 0, value: given })
        expect(decodeKeyFile(octets.subarray(0, cut % octets.length)).status).not.toBe(0)
      }),
    )
  })

  it('is refused with another magic, version or a lifetime that does not last, and without data', () => {
    for (let offset = 0; offset < 12; offset++) {
      expect(changed(offset, 0x99), `offset ${offset}`).toBe(PsaStatus.dataInvalid)
    }
    expect(changed(12, 0)).toBe(PsaStatus.dataInvalid)
    expect(changed(32, 4)).toBe(PsaStatus.dataInvalid)
    expect(changed(32, 0)).toBe(PsaStatus.storageFailure)
    expect(changed(32, 2)).toBe(PsaStatus.success)
    expect(decodeKeyFile(file.subarray(0, keyFileHeadLength - 1)).status).toBe(
      PsaStatus.dataInvalid,
    )
  })
})
