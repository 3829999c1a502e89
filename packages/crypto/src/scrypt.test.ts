import { encodeUtf8, toHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { scrypt } from './scrypt.ts'

const input = {
  password: encodeUtf8('password'),
  salt: encodeUtf8('NaCl'),
  cost: { costLog2: 10, blockSize: 8, parallelism: 16 },
  length: 64,
}

describe('scrypt', () => {
  it('gives the keys of RFC 7914 section 12', async () => {
    expect(toHex(await scrypt(input))).toBe(
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
    )
    const empty = new Uint8Array()
    const least = { costLog2: 4, blockSize: 1, parallelism: 1 }
    expect(toHex(await scrypt({ password: empty, salt: empty, cost: least, length: 64 }))).toBe(
      '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906',
    )
  })

  it.each([
    { costLog2: 0, blockSize: 8, parallelism: 1 },
    { costLog2: 25, blockSize: 8, parallelism: 1 },
    { costLog2: 10, blockSize: 33, parallelism: 1 },
    { costLog2: 10, blockSize: 8, parallelism: 65 },
    { costLog2: 10.5, blockSize: 8, parallelism: 1 },
  ])('refuses a cost that no machine should pay: %j', (cost) => {
    expect(() => scrypt({ ...input, cost })).toThrow('scrypt is')
  })

  it('refuses a key of no octets', () => {
    expect(() => scrypt({ ...input, length: 0 })).toThrow('key length')
  })
})
