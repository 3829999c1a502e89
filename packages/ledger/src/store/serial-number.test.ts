import { describe, expect, it } from 'vitest'
import { checkSerialPattern, formatSerialNumber } from './serial-number.ts'

describe('a serial-number pattern', () => {
  it.each([
    ['KL-{######}', 1, 'KL-000001'],
    ['KL-{######}', 999_999, 'KL-999999'],
    ['{#}', 9, '9'],
    ['A{##}$&Z', 7, 'A07$&Z'],
    ['{############}', 1, '000000000001'],
  ])('%s makes of %d the serial number %s', (pattern, number, serialNumber) => {
    expect(() => checkSerialPattern(pattern)).not.toThrow()
    expect(formatSerialNumber(pattern, number)).toBe(serialNumber)
  })

  it('has no place for a number with more digits', () => {
    expect(formatSerialNumber('KL-{##}', 100)).toBeUndefined()
  })

  it.each(['KL-', '{#}{#}', 'KL-{}', '{#############}', 'Ü{#}', `${'x'.repeat(32)}{#}`])(
    '%s is refused',
    (pattern) => {
      expect(() => checkSerialPattern(pattern)).toThrow(
        expect.objectContaining({ code: 'LEDGER_SERIAL_PATTERN' }),
      )
    },
  )

  it('may give 32 octets and no more', () => {
    expect(() => checkSerialPattern(`${'x'.repeat(31)}{#}`)).not.toThrow()
    expect(formatSerialNumber(`${'x'.repeat(31)}{#}`, 1)).toHaveLength(32)
  })
})
