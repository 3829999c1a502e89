import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scaled, testSeed } from '../../../../test/support/scale.ts'
import { parts, stm32wb55, stm32wba65 } from '../part/part-table.ts'
import { Flash } from './flash.ts'
import { Memory } from './memory.ts'

const base = 0x9000_0000
const small = { base, aliases: [], size: 4096, pageSize: 1024, unitSize: 1 } as const

describe('NOR flash', () => {
  it('is the conjunction of all that was programmed since the last erase', () => {
    const act = fc.record({
      isErase: fc.boolean(),
      at: fc.nat({ max: 4000 }),
      octets: fc.uint8Array({ minLength: 1, maxLength: 90 }),
    })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 20 }), (acts) => {
        const flash = new Flash({ ...small, programming: 'nor' })
        const model = new Uint8Array(4096).fill(0xff)
        for (const { isErase, at, octets } of acts) {
          if (isErase) {
            expect(flash.erase(base + at, 1)).toBe(1)
            const start = Math.floor(at / 1024) * 1024
            model.fill(0xff, start, start + 1024)
          } else {
            flash.program(base + at, octets)
            for (const [index, octet] of octets.entries()) {
              model[at + index] = (model[at + index] ?? 0) & octet
            }
          }
        }
        expect(flash.read(base, 4096)).toEqual(model)
      }),
      { numRuns: scaled(60, 2000), seed: testSeed },
    )
  })
})

describe('internal flash', () => {
  it.each([
    ['STM32WBA6', stm32wba65],
    ['STM32U5', parts.u5],
    ['STM32WB55', stm32wb55],
  ])('of %s takes each program unit once', (_, { flash: geometry }) => {
    const flash = new Flash({ ...geometry, size: geometry.pageSize * 2 })
    const { unitSize, pageSize } = geometry
    flash.program(geometry.base, Uint8Array.of(0))
    expect(() => flash.program(geometry.base, Uint8Array.of(0))).toThrow(
      expect.objectContaining({ code: 'BOARD_NOT_ERASED' }),
    )
    flash.program(geometry.base + unitSize, Uint8Array.of(0))
    expect(() => flash.program(geometry.base + unitSize / 2, Uint8Array.of(0))).toThrow(
      expect.objectContaining({ code: 'BOARD_ADDRESS' }),
    )
    expect(flash.erase(geometry.base + pageSize - 1, 2)).toBe(2)
    flash.program(geometry.base, Uint8Array.of(0))
  })
})

describe('the memories of a board', () => {
  it('are told apart by address', () => {
    const memory = new Memory(
      new Flash(stm32wb55.flash),
      new Flash({ ...small, programming: 'nor' }),
    )
    memory.program(0x0800_0000, Uint8Array.of(1))
    memory.program(base, Uint8Array.of(2))
    expect(memory.read(0x0800_0000, 1)).toEqual(Uint8Array.of(1))
    expect(memory.read(base, 1)).toEqual(Uint8Array.of(2))
    expect(() => memory.read(0x2000_0000, 1)).toThrow(
      expect.objectContaining({ code: 'BOARD_ADDRESS' }),
    )
    expect(() => memory.read(base + 4095, 2)).toThrow(
      expect.objectContaining({ code: 'BOARD_ADDRESS' }),
    )
  })
})
