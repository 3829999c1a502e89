import { concat, fromHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { encodeCbor } from '../cbor/encode.ts'
import { cborMap } from '../cbor/value.ts'
import {
  bootComponents,
  BootModule,
  componentEntry,
  encodeBootRecord,
  parseBootRecord,
} from './boot-record.ts'
import { decodeStSample } from './st-sample.ts'

const component = {
  measurementType: 'SPE',
  measurementValue: new Uint8Array(32),
  signerId: new Uint8Array(32).fill(1),
}

describe('the shared area of a boot loader', () => {
  it('hands components on', () => {
    const entry = componentEntry(BootModule.spe, component)
    const other = { major: 2, module: 0, claim: 1, data: Uint8Array.of(7) }
    const octets = encodeBootRecord([other, entry])
    expect(octets.subarray(0, 9)).toEqual(
      Uint8Array.of(0x16, 0x20, octets.length, 0, 0x01, 0x20, 1, 0, 7),
    )
    expect(parseBootRecord(octets)).toEqual([other, entry])
    expect(bootComponents(concat(octets, Uint8Array.of(0xff)))).toEqual([component])
  })

  it.each([
    ['nothing', ''],
    ['another magic number', '17200400'],
    ['a total length below its own', '16200300'],
    ['a total length beyond its end', '16200500'],
    ['a cut head of an entry', '16200700010000'],
    ['a length of an entry beyond the end', '16200900010002000a'],
  ])('is refused with %s', (_, hex) => {
    expect(() => parseBootRecord(fromHex(hex))).toThrow(
      expect.objectContaining({ code: 'BOOT_RECORD' }),
    )
  })

  it('is refused with a component that is none', () => {
    const entry = { ...componentEntry(1, component), data: encodeCbor(cborMap([2, 'x'])) }
    expect(() => bootComponents(encodeBootRecord([entry]))).toThrow(
      'measurement-value of component 0',
    )
    const list = { ...entry, data: encodeCbor([]) }
    expect(() => bootComponents(encodeBootRecord([list]))).toThrow('must be a map')
    const cut = { ...entry, data: fromHex('a1') }
    expect(() => bootComponents(encodeBootRecord([cut]))).toThrow(
      expect.objectContaining({ code: 'E_CBOR_TRUNCATED' }),
    )
  })
})

describe('the packed token of the sample', () => {
  it('is taken apart at its offsets', () => {
    const octets = Uint8Array.from({ length: 288 }, (_, index) => index)
    octets.set([0xff, 0xff, 0xff, 0xff, 0x00, 0x30, 0, 0], 132)
    const token = decodeStSample(octets)
    expect([token.clientId, token.securityLifecycle, token.firmwareVersion]).toEqual([
      -1, 0x3000, 0x8f8e8d8c,
    ])
    expect(token.instanceId).toEqual(octets.subarray(64, 97))
    expect(token.measurement).toEqual(octets.subarray(144, 176))
    expect(token.deviceId).toEqual(octets.subarray(208, 224))
    expect([token.signed.length, token.signature[0]]).toEqual([224, 224])
  })

  it('moves with the size of its challenge', () => {
    expect(decodeStSample(new Uint8Array(304), 48).challenge).toHaveLength(48)
    expect(() => decodeStSample(new Uint8Array(288), 48)).toThrow(
      expect.objectContaining({ code: 'ST_SAMPLE' }),
    )
  })
})
