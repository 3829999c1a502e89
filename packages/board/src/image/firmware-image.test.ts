import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { encodeUtf8, equalOctets, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { Flash } from '../flash/flash.ts'
import { stm32wba65 } from '../part/part-table.ts'
import { exampleImages } from './example-images.ts'
import { buildFirmwareImage, readFirmwareHeader } from './firmware-image.ts'
import { recogniseFirmware } from './recognise.ts'

const identity = { kind: 'application', name: 'lamp', version: '1.2.3' } as const
const boot = stm32wba65.bootAddress

describe('a firmware image', () => {
  it('says what it is', () => {
    expect(readFirmwareHeader(buildFirmwareImage({ ...identity, size: 4096 }))).toEqual(identity)
  })

  it('begins with the mark, a JSON object and NUL', () => {
    const image = buildFirmwareImage({ ...identity, size: 4096 })
    const header = 'SIMFW1{"kind":"application","name":"lamp","version":"1.2.3"}\0'
    expect(image.subarray(0, header.length)).toEqual(encodeUtf8(header))
  })

  it('has the size that was asked for, and no erased unit in it', () => {
    for (const size of [61, 8192, 8193, 614_400]) {
      const image = buildFirmwareImage({ ...identity, size })
      expect(image.length).toBe(size)
      expect(Buffer.from(image).includes(Buffer.alloc(16, 0xff))).toBe(false)
    }
  })

  it('differs from page to page, and still compresses well', () => {
    const image = buildFirmwareImage({ ...identity, size: 614_400 })
    const pages = Array.from({ length: 75 }, (_, page) =>
      toHex(sha256(image.subarray(page * 8192, (page + 1) * 8192))),
    )
    expect(new Set(pages).size).toBe(75)
    expect(gzipSync(image).length).toBeLessThan(10_000)
  })

  it('is refused when the header does not fit', () => {
    expect(() => buildFirmwareImage({ ...identity, size: 60 })).toThrow(/image of 60 octets/)
    expect(() => buildFirmwareImage({ ...identity, name: 'x'.repeat(512), size: 4096 })).toThrow(
      /header limit 512/,
    )
  })

  it('of an unknown kind does nothing', () => {
    const image = encodeUtf8('SIMFW1{"kind":"toaster","name":"t","version":"1"}\0')
    expect(readFirmwareHeader(image)).toEqual({ kind: 'inert', name: 't', version: '1' })
  })

  it.each(['SIMFW1{"kind":1}\0', 'SIMFW1[]\0', 'SIMFW1{\0', 'SIMFW1{}', 'SIMFW2{}\0', ''])(
    'is not recognised from %j',
    (text) => {
      expect(readFirmwareHeader(encodeUtf8(text))).toBeUndefined()
    },
  )
})

describe('recognition at the boot address', () => {
  it('finds nothing in an erased flash', () => {
    const flash = new Flash(stm32wba65.flash)
    expect(recogniseFirmware(flash, boot, []).kind).toBe('inert')
  })

  it('knows a foreign image by its hash', () => {
    const flash = new Flash(stm32wba65.flash)
    const foreign = encodeUtf8('a vendor image without our header')
    flash.program(boot, foreign)
    const registered = { identity, size: foreign.length, sha256: toHex(sha256(foreign)) }
    expect(recogniseFirmware(flash, boot, [registered])).toEqual(identity)
    flash.flipBit(boot + 5)
    expect(recogniseFirmware(flash, boot, [registered]).kind).toBe('inert')
  })
})

describe('the example images', () => {
  it.each(exampleImages)('$file stands in the examples as it is built', (example) => {
    const path = new URL(`../../../../examples/images/${example.file}`, import.meta.url)
    expect(equalOctets(readFileSync(path), buildFirmwareImage(example))).toBe(true)
  })
})
