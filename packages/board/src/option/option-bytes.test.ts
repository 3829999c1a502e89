import { describe, expect, it } from 'vitest'
import { parts, stm32wb55, stm32wba65 } from '../part/part-table.ts'
import { firmware } from '../testing/flows.ts'
import { ToolFixture } from '../testing/tool-fixture.ts'
import { FlashAccess } from './access.ts'
import { OptionBytes } from './option-bytes.ts'

function loaded(values: Readonly<Record<string, number>>, part = stm32wba65): OptionBytes {
  return new OptionBytes(part.optionBytes, { programmed: values, loaded: values })
}

describe('option bytes', () => {
  it('take effect when they are loaded', () => {
    const options = new OptionBytes(stm32wba65.optionBytes)
    expect(options.program({ rdp: 0xbb, TZEN: 1 })).toBe(true)
    expect([options.rdp, options.value('TZEN')]).toEqual([0, 0])
    expect(options.load()).toBe(false)
    expect([options.rdp, options.value('tzen')]).toEqual([1, 1])
    expect(options.program({ RDP: 0xbb })).toBe(false)
  })

  it.each([
    ['FOO', 1],
    ['TZEN', 2],
    ['RDP', 0x100],
    ['RDP', 0x55],
    ['SECWM1_PSTRT', 0x80],
    ['TZEN', -1],
    ['TZEN', 0.5],
  ])('refuse %s=%s, and what is given beside it', (name, value) => {
    const options = new OptionBytes(stm32wba65.optionBytes)
    expect(() => options.program({ nBOOT0: 0, [name]: value })).toThrow(
      expect.objectContaining({ code: 'BOARD_OPTION_BYTE' }),
    )
    options.load()
    expect(options.value('nBOOT0')).toBe(1)
  })

  it.each([
    ['SECBOOTADD0 under BOOT_LOCK', { BOOT_LOCK: 1 }, { SECBOOTADD0: 1 }],
    ['BOOT_LOCK at RDP level 1', { BOOT_LOCK: 1, RDP: 0xbb }, { BOOT_LOCK: 0 }],
    ['TZEN without a regression', { TZEN: 1 }, { TZEN: 0 }],
    ['a locked range', { UNLOCK_1A: 0 }, { WRP1A_PSTRT: 3 }],
    ['its lock', { UNLOCK_1A: 0 }, { UNLOCK_1A: 1 }],
    ['anything at RDP level 2', { RDP: 0xcc }, { nBOOT0: 0 }],
  ])('freeze %s', (_, present, change) => {
    expect(() => loaded(present).program(change)).toThrow(
      expect.objectContaining({ code: 'BOARD_PROTECTED' }),
    )
  })

  it('a regression of RDP thaws them', () => {
    const options = loaded({ RDP: 0xbb, TZEN: 1, UNLOCK_1A: 0, BOOT_LOCK: 1 })
    options.program({ RDP: 0xaa, TZEN: 0, UNLOCK_1A: 1, BOOT_LOCK: 0 })
    expect(options.load()).toBe(true)
    expect([options.rdp, options.value('TZEN')]).toEqual([0, 0])
  })

  it.each(Object.entries(parts))('of %s start in their own range', (_, part) => {
    for (const [name, { initial, min = 0, max }] of Object.entries(part.optionBytes)) {
      expect(initial >= min && initial <= max, name).toBe(true)
    }
  })
})

describe('access through the debug port', () => {
  const page = 0x2000
  const at = (index: number, base = 0x0800_0000) => ({ address: base + index * page, length: 16 })
  const open = { SECWM1_PSTRT: 0, SECWM1_PEND: 0x0e, SECWM2_PSTRT: 0x7f, SECWM2_PEND: 0, TZEN: 1 }

  it.each([
    ['RDP 1 closes the flash', { RDP: 0xbb }, at(0), false],
    ['RDP 1 closes external memory', { RDP: 0xbb }, { address: 0x7000_0000, length: 1 }, false],
    ['TZEN 0 closes the secure alias', {}, at(0, 0x0c00_0000), false],
    ['TZEN 0 leaves all to the other alias', {}, at(255), true],
    ['a secure page through its alias', open, at(0x0e, 0x0c00_0000), true],
    ['a secure page through the other alias', open, at(0x0e), false],
    ['a page that is not secure', open, at(0x0f), true],
    ['a page that is not secure through the secure alias', open, at(0x0f, 0x0c00_0000), false],
    ['a range over the watermark', open, { address: 0x0801_dff0, length: 32 }, false],
  ])('%s', (_, values, access, isOpen) => {
    const flash = new FlashAccess(stm32wba65, loaded(values))
    if (isOpen) expect(() => flash.requireReadable(access)).not.toThrow()
    else expect(() => flash.requireReadable(access)).toThrow(/protected/)
  })

  it.each([
    ['WRP1A', { WRP1A_PSTRT: 2, WRP1A_PEND: 0xb }, stm32wba65, page, [2, 0xb], [1, 0xc]],
    ['WRP2A', { WRP2A_PSTRT: 0, WRP2A_PEND: 1 }, stm32wba65, page, [128, 129], [0, 130]],
    ['WRP1A of WB55', { WRP1A_STRT: 4, WRP1A_END: 5 }, stm32wb55, 0x1000, [4, 5], [3, 6]],
  ])('%s protects its pages and no other', (_, values, part, size, inside, outside) => {
    const flash = new FlashAccess(part, loaded(values, part))
    const place = (index: number) => ({ address: 0x0800_0000 + index * size, length: 8 })
    for (const index of inside) expect(() => flash.requireWritable(place(index))).toThrow(/WRP/)
    for (const index of outside) expect(() => flash.requireWritable(place(index))).not.toThrow()
    for (const index of inside) expect(() => flash.requireReadable(place(index))).not.toThrow()
  })

  it('HDP reads as 00 and cannot be written', () => {
    const flash = new FlashAccess(stm32wba65, loaded({ HDP1EN: 1, HDP1_PEND: 1 }))
    const range = { address: 0x0800_0000 + 2 * page - 4, length: 8 }
    expect(flash.hide(range, new Uint8Array(8).fill(9))).toEqual(
      Uint8Array.of(0, 0, 0, 0, 9, 9, 9, 9),
    )
    expect(() => flash.requireWritable(range)).toThrow(/HDP/)
  })
})

describe('a regression of RDP', () => {
  it('erases the internal flash with its ITS, and nothing else', async () => {
    using fixture = new ToolFixture({ part: stm32wba65 })
    await fixture.program(0x0800_0000, firmware('provisioning-none'))
    await fixture.program(0x7000_0000, Uint8Array.of(1, 2), 'M95P32_STM32WBA65I-DK1')
    await fixture.target('-ob RDP=0xBB -rst')
    await fixture.boot()
    const board = fixture.bench.board(1)
    expect(board.led).toBe('ok')
    expect(board.flash.read(0x081e_a000, 1)).not.toEqual(Uint8Array.of(0xff))
    await fixture.target('-ob RDP=0xAA')
    expect(board.options.rdp).toBe(1)
    await fixture.target('-rst')
    expect(board.options.rdp).toBe(0)
    const internal = board.flash.read(0x0800_0000, 0x20_0000)
    expect(internal.every((octet) => octet === 0xff)).toBe(true)
    expect(board.flash.read(0x7000_0000, 2)).toEqual(Uint8Array.of(1, 2))
  })
})
