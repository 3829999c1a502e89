import '../../../../test/support/properties.ts'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { scaled } from '../../../../test/support/scale.ts'
import type { FlashGeometry } from '../part/part.ts'
import { FlashFile } from './flash-file.ts'
import { Flash } from './flash.ts'
import { PagePool } from './page-pool.ts'

const geometry: FlashGeometry = {
  base: 0x1000,
  aliases: [0x9000],
  size: 512,
  pageSize: 64,
  unitSize: 16,
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-flash-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** Flash as one array and the rules of the data sheet, octet by octet. */
class Model {
  readonly octets = new Uint8Array(geometry.size).fill(0xff)

  erase(offset: number, length: number): void {
    for (let at = 0; at < geometry.size; at++) {
      const page = Math.floor(at / 64)
      const isTouched =
        page >= Math.floor(offset / 64) && page <= Math.floor((offset + length - 1) / 64)
      if (isTouched) this.octets[at] = 0xff
    }
  }

  /** False when a unit was not erased; the units before it are written. */
  program(offset: number, data: readonly number[]): boolean {
    for (let at = 0; at < data.length; at += 16) {
      const unit = this.octets.subarray(offset + at, offset + at + 16)
      if (unit.some((octet) => octet !== 0xff)) return false
      for (let place = 0; place < 16; place++) unit[place] = data[at + place] ?? 0xff
    }
    return true
  }
}

type Act =
  | { readonly kind: 'erase'; readonly offset: number; readonly length: number }
  | { readonly kind: 'program'; readonly offset: number; readonly data: readonly number[] }
  | { readonly kind: 'flip'; readonly offset: number }

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(fc.nat(511), fc.integer({ min: 1, max: 200 })).map(([offset, length]) => ({
    kind: 'erase' as const,
    offset,
    length: Math.min(length, 512 - offset),
  })),
  fc
    .tuple(fc.nat(31), fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 180 }))
    .map(([unit, data]) => ({
      kind: 'program' as const,
      offset: unit * 16,
      data: data.slice(0, 512 - unit * 16),
    })),
  fc.nat(511).map((offset) => ({ kind: 'flip' as const, offset })),
)

function apply(flash: Flash, model: Model, step: Act): void {
  const address = geometry.base + step.offset
  switch (step.kind) {
    case 'erase':
      flash.erase(address, step.length)
      model.erase(step.offset, step.length)
      return
    case 'flip':
      flash.flipBit(address)
      model.octets[step.offset] = (model.octets[step.offset] ?? 0) ^ 1
      return
    case 'program':
      if (model.program(step.offset, step.data)) {
        flash.program(address, Uint8Array.from(step.data))
      } else {
        expect(() => flash.program(address, Uint8Array.from(step.data))).toThrow(
          expect.objectContaining({ code: 'BOARD_NOT_ERASED' }),
        )
      }
  }
}

describe('a flash', () => {
  it('shares equal pages with other flashes without mixing them up', () => {
    const pool = new PagePool()
    const [first, second] = [new Flash(geometry, { pool }), new Flash(geometry, { pool })]
    const image = Uint8Array.from({ length: 256 }, (_, index) => index)
    for (const flash of [first, second]) flash.program(geometry.base, image)
    first.flipBit(geometry.base + 70)
    second.erase(geometry.base + 128, 1)
    expect(first.read(geometry.base, 256)).toEqual(image.with(70, 71))
    expect(second.read(geometry.base, 256)).toEqual(image.slice().fill(0xff, 128, 192))
    for (let variant = 0; variant < 6; variant++) {
      second.erase(geometry.base, 512)
      second.program(geometry.base, new Uint8Array(512).fill(variant))
      expect(second.holds(geometry.base, new Uint8Array(512).fill(variant))).toBe(true)
    }
    expect(first.read(geometry.base, 256)).toEqual(image.with(70, 71))
  })

  it('behaves as the data sheet says under any sequence of acts', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 30 }), (steps) => {
        const flash = new Flash(geometry)
        const model = new Model()
        for (const step of steps) {
          apply(flash, model, step)
          expect(flash.read(geometry.base, geometry.size)).toEqual(model.octets)
        }
      }),
    )
  })

  it('is found again in its file as it was left', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 12 }), fc.uuid(), (steps, name) => {
        const path = join(folder, name)
        const model = new Model()
        for (const step of steps) {
          const flash = new Flash(geometry, { file: new FlashFile(path) })
          apply(flash, model, step)
          flash.close()
        }
        const flash = new Flash(geometry, { file: new FlashFile(path) })
        expect(flash.read(geometry.base, geometry.size)).toEqual(model.octets)
        flash.close()
      }),
      { numRuns: scaled(30, 300) },
    )
  })

  it('reads FF when it is new', () => {
    expect(new Flash(geometry).read(0x1000, 512)).toEqual(new Uint8Array(512).fill(0xff))
  })

  it('fills the last unit up with FF', () => {
    const flash = new Flash(geometry)
    flash.program(0x1000, Uint8Array.of(1, 2, 3))
    expect(flash.read(0x1000, 16)).toEqual(Uint8Array.of(1, 2, 3, ...Array(13).fill(0xff)))
  })

  it('answers under its alias', () => {
    const flash = new Flash(geometry)
    flash.program(0x9040, Uint8Array.of(7))
    expect(flash.read(0x1040, 1)).toEqual(Uint8Array.of(7))
  })

  it('keeps its octets when the caller changes the array afterwards', () => {
    const flash = new Flash(geometry)
    const octets = new Uint8Array(64).fill(5)
    flash.program(0x1000, octets)
    octets.fill(6)
    flash.read(0x1000, 64).fill(7)
    expect(flash.holds(0x1000, new Uint8Array(64).fill(5))).toBe(true)
    expect(flash.holds(0x1000, new Uint8Array(65).fill(5))).toBe(false)
  })

  it.each([
    ['below the first address', 0x0ff0, 16],
    ['behind the last address', 0x11f0, 17],
    ['between flash and alias', 0x5000, 1],
  ])('refuses a range %s', (_, address, length) => {
    const flash = new Flash(geometry)
    const refusal = expect.objectContaining({ code: 'BOARD_ADDRESS' })
    expect(() => flash.read(address, length)).toThrow(refusal)
    expect(() => flash.erase(address, length)).toThrow(refusal)
    expect(() => flash.program(address, new Uint8Array(length))).toThrow(refusal)
  })

  it('refuses to program inside a unit', () => {
    expect(() => new Flash(geometry).program(0x1008, new Uint8Array(8))).toThrow(/0x00001008/)
  })

  it('keeps an untouched file sparse', () => {
    const path = join(folder, 'sparse')
    const large = { ...geometry, base: 0, aliases: [], size: 2_097_152, pageSize: 8192 }
    const flash = new Flash(large, { file: new FlashFile(path) })
    flash.program(0x1e_c000, new Uint8Array(100))
    flash.close()
    expect(statSync(path).blocks * 512).toBeLessThan(65_536)
  })

  it('names the file that cannot be opened', () => {
    const path = join(folder, 'absent', 'flash.bin')
    expect(() => new FlashFile(path)).toThrow(
      expect.objectContaining({
        code: 'BOARD_BENCH_STATE',
        message: expect.stringContaining(path),
      }),
    )
  })
})
