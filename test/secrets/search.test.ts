import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { textPlace } from './support/places.ts'
import { SecretSearch } from './support/search.ts'
import { secretOctets, secretPasscode } from './support/secret.ts'

const key = Buffer.from('8f01c2ffe07a5b334ed0917733ac5e1b0a44d6f9217e80b5c3196d2ee85fa094', 'hex')
const search = new SecretSearch([
  secretOctets('key', key),
  secretPasscode({
    unit: 'T-1',
    passcode: 4_096_231,
    discriminator: 3840,
    vendorId: 0xfff1,
    productId: 0x8004,
  }),
])
const isFound = (content: string | Uint8Array): boolean => {
  const place = { ...textPlace('place', ''), octets: Buffer.from(content) }
  return search.in([place]).length > 0
}

describe('the search for secrets', () => {
  it.each([
    ['octets among others', Buffer.concat([Buffer.from([1, 2, 3]), key, Buffer.from([4])])],
    ['octets from the end', key.toReversed()],
    ['hexadecimal', `key=${key.toString('hex')};`],
    ['upper-case hexadecimal', key.toString('hex').toUpperCase()],
    ['hexadecimal in groups', key.toString('hex').replace(/../g, '$&:')],
    ['a hexadecimal dump over lines', key.toString('hex').replace(/.{16}/g, '    $&\n')],
    ['what a Buffer prints', inspect(key)],
    ['what an array prints', inspect(new Uint8Array(key))],
    ['what a Buffer is in JSON', JSON.stringify({ key })],
    ['what an array is in JSON', JSON.stringify({ key: new Uint8Array(key) })],
    ['a number', `d = ${BigInt(`0x${key.toString('hex')}`)}`],
    ['its first half', key.subarray(0, 16).toString('hex')],
    ['its second half', key.subarray(16).toString('base64')],
  ])('finds a key as %s', (_, content) => {
    expect(isFound(content)).toBe(true)
  })

  it('finds a key inside of base64, wherever it begins and however lines are cut', () => {
    for (const before of [0, 1, 2, 3, 4, 5]) {
      const file = Buffer.concat([Buffer.alloc(before, 0x30), key, Buffer.from('end')])
      const base64 = file.toString('base64')
      const pem = base64.replace(/.{20}/g, '$&\n')
      const texts = [
        base64,
        file.toString('base64url'),
        pem,
        pem.replaceAll('\n', '\r\n'),
        JSON.stringify({ pem }),
      ]
      expect(texts.map(isFound)).toEqual(texts.map(() => true))
    }
  })

  it.each([
    '04096231',
    'code 4096231.',
    '{"passcode":4096231}',
    '0x003e80e7',
    'e7803e00',
    Buffer.from([15, 0, 0, 0, 4, 0, 0, 0, 0xe7, 0x80, 0x3e, 0x00]),
  ])('finds a passcode in %j', (content) => {
    expect(isFound(content)).toBe(true)
  })

  it.each([
    ['a longer number', '104096231'],
    ['a hash', 'ab04096231cd'],
    ['another key', Buffer.from(key).fill(0, 8, 24)],
    ['nothing', ''],
  ])('does not take %s for a secret', (_, content) => {
    expect(isFound(content)).toBe(false)
  })
})
