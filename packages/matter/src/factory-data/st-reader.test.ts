import { fromHex, toHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { readWithStReader } from './st-reader.ts'

/** Tag 12 with four octets, tag 25 with two, then the end marker. */
const region = fromHex('0c00000004000000aabbccdd19000000020000000102acacacac')

function read(octets: Uint8Array, tag: number, ...rest: readonly ['G1' | 'G2'] | readonly []) {
  const result = readWithStReader(octets, tag, 16, ...rest)
  return 'value' in result ? toHex(result.value) : result.status
}

describe('the reader of the firmware', () => {
  it('finds a record behind another one', () => {
    expect([read(region, 12), read(region, 25)]).toEqual(['aabbccdd', '0102'])
  })

  it('takes what lies behind the region as erased flash', () => {
    expect(read(region.subarray(0, 10), 12)).toBe('aabbffff')
  })

  it('does not find what stands behind the end marker, nor what is not there', () => {
    expect(read(region, 3)).toBe('DATA_NOT_FOUND')
  })

  it('takes the end marker for a record when it does not know it yet', () => {
    expect(read(region, 3, 'G1')).toBe('PARAM_ERROR')
  })

  it('tells that the buffer is too small before it copies', () => {
    expect(readWithStReader(region, 12, 3)).toEqual({ status: 'BUFFER_TOO_SMALL' })
    expect(readWithStReader(region, 12, 4)).toMatchObject({ status: 'OK' })
  })

  it.each([
    ['no octets', '0c00000000000000'],
    ['more octets than any record has', '0c000000ffffff00'],
    ['erased flash', 'ffffffffffffffff'],
  ])('stops at a record of %s', (_, hex) => {
    expect(read(fromHex(hex), 25)).toBe('PARAM_ERROR')
  })
})
