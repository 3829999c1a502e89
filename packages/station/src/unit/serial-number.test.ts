import { describe, expect, it } from 'vitest'
import { longestSerialNumber, patternCapacity } from './serial-number.ts'

describe('a pattern of serial numbers', () => {
  it.each([
    ['KL-{######}', 999_999, 'KL-999999'],
    ['{#}', 9, '9'],
    ['A{####}B', 9999, 'A9999B'],
    ['{############}', 999_999_999_999, '999999999999'],
    ['$&-{##}', 99, '$&-99'],
  ])('%s gives %i numbers, the longest is %s', (pattern, capacity, longest) => {
    expect(patternCapacity(pattern)).toBe(capacity)
    expect(longestSerialNumber(pattern)).toBe(longest)
  })

  it.each(['KL-000001', '', 'KL-{}', 'KL-{#############}'])(
    '%j without counter gives none',
    (text) => {
      expect(patternCapacity(text)).toBe(0)
      expect(longestSerialNumber(text)).toBe(text)
    },
  )
})
