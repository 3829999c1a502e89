import { describe, expect, it } from 'vitest'
import { describeFinding, hasErrors, type Finding } from './finding.ts'

const finding: Finding = {
  rule: 'FD-013',
  severity: 'error',
  field: 'SETUP_DISCRIMINATOR',
  value: '5000',
  message: 'the discriminator has 12 bits',
  remedy: 'use 0 to 4095',
}

describe('a finding', () => {
  it.each<[string, Partial<Finding>, string]>([
    [
      'rule, weight, field, value, message and remedy',
      {},
      'FD-013 error SETUP_DISCRIMINATOR=5000: the discriminator has 12 bits. Remedy: use 0 to 4095',
    ],
    [
      'no sign of equality where there is no value',
      { value: '' },
      'FD-013 error SETUP_DISCRIMINATOR: the discriminator has 12 bits. Remedy: use 0 to 4095',
    ],
    [
      'one full stop where the message brings its own',
      { severity: 'warning', message: 'that is much.' },
      'FD-013 warning SETUP_DISCRIMINATOR=5000: that is much. Remedy: use 0 to 4095',
    ],
    [
      'no second line and no command to the terminal',
      { value: '\u001b[2J\n' },
      String.raw`FD-013 error SETUP_DISCRIMINATOR=\u001b[2J\n: the discriminator has 12 bits. Remedy: use 0 to 4095`,
    ],
  ])('stands on one line with %s', (_, change, line) => {
    expect(describeFinding({ ...finding, ...change })).toBe(line)
  })

  it('stops the work only as an error', () => {
    const warning: Finding = { ...finding, severity: 'warning' }
    const info: Finding = { ...finding, severity: 'info' }
    expect(hasErrors([])).toBe(false)
    expect(hasErrors([warning, info])).toBe(false)
    expect(hasErrors([warning, finding, info])).toBe(true)
  })
})
