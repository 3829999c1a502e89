import { encodeUtf8, fromHex, toHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { hkdfSha256, hmacSha256, pbkdf2Sha256, sha1, sha256 } from './hash.ts'

const range = (first: number, last: number): Uint8Array =>
  Uint8Array.from({ length: last - first + 1 }, (_, index) => first + index)

describe('a hash', () => {
  // FIPS 180-4 examples
  const long = 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [long, '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
  ])('of "%s" is the published SHA-256', (text, digest) => {
    expect(toHex(sha256(encodeUtf8(text)))).toBe(digest)
  })

  it.each([
    ['', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    ['abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    [long, '84983e441c3bd26ebaae4aa1f95129e5e54670f1'],
  ])('of "%s" is the published SHA-1', (text, digest) => {
    expect(toHex(sha1(encodeUtf8(text)))).toBe(digest)
  })

  it('of parts is that of the parts joined', () => {
    const [a, b, c] = [encodeUtf8('a'), encodeUtf8(''), encodeUtf8('bc')]
    expect(sha256(a, b, c)).toEqual(sha256(encodeUtf8('abc')))
    expect(sha1(a, b, c)).toEqual(sha1(encodeUtf8('abc')))
    expect(sha256()).toEqual(sha256(new Uint8Array()))
  })
})

describe('HMAC-SHA-256', () => {
  // RFC 4231, cases 1, 2 and 6
  it.each([
    [
      '0b'.repeat(20),
      'Hi There',
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    ],
    [
      '4a656665',
      'what do ya want for nothing?',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [
      'aa'.repeat(131),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ])('under the key %s is the published one', (key, message, tag) => {
    expect(toHex(hmacSha256(fromHex(key), encodeUtf8(message)))).toBe(tag)
  })
})

describe('HKDF-SHA-256', () => {
  // RFC 5869, appendix A.1 to A.3
  it.each([
    [
      'salt and info',
      { secret: fromHex('0b'.repeat(22)), salt: range(0x00, 0x0c), info: range(0xf0, 0xf9) },
      ['3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c', '5db02d56ecc4c5bf34007208d5b887185865'],
    ],
    [
      'long inputs',
      { secret: range(0x00, 0x4f), salt: range(0x60, 0xaf), info: range(0xb0, 0xff) },
      [
        'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c',
        '59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71',
        'cc30c58179ec3e87c14c01d5c1f3434f1d87',
      ],
    ],
    [
      'neither salt nor info',
      { secret: fromHex('0b'.repeat(22)), salt: new Uint8Array(), info: new Uint8Array() },
      ['8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879e', 'c3454e5f3c738d2d9d201395faa4b61a96c8'],
    ],
  ])('with %s gives the published output', (_, input, lines) => {
    const output = lines.join('')
    expect(toHex(hkdfSha256({ ...input, length: output.length / 2 }))).toBe(output)
  })

  it.each([-1, 0.5, 8161])('gives no output of %d octets', (length) => {
    const empty = new Uint8Array()
    expect(() => hkdfSha256({ secret: empty, salt: empty, info: empty, length })).toThrow(
      expect.objectContaining({
        code: 'BYTES_RANGE',
        message: `the output length of HKDF is ${length}, but must be 0 to 8160`,
      }),
    )
  })

  it('gives 8160 octets at most', () => {
    const empty = new Uint8Array()
    const longest = hkdfSha256({ secret: empty, salt: empty, info: empty, length: 8160 })
    expect(longest).toHaveLength(8160)
  })
})

describe('PBKDF2-HMAC-SHA-256', () => {
  // RFC 7914, section 11
  it.each([
    [
      'passwd',
      'salt',
      1,
      [
        '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc',
        '49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783',
      ],
    ],
    [
      'Password',
      'NaCl',
      80_000,
      [
        '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56',
        'a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d',
      ],
    ],
  ])(
    'of %s and %s after %d iterations is the published key',
    async (password, salt, iterations, lines) => {
      const key = await pbkdf2Sha256({
        password: encodeUtf8(password),
        salt: encodeUtf8(salt),
        iterations,
        length: 64,
      })
      expect(toHex(key)).toBe(lines.join(''))
    },
  )

  it.each([
    ['iteration count', { iterations: 0, length: 32 }],
    ['iteration count', { iterations: 2 ** 31, length: 32 }],
    ['iteration count', { iterations: 1.5, length: 32 }],
    ['key length', { iterations: 1, length: 0 }],
    ['key length', { iterations: 1, length: Number.NaN }],
  ])('refuses a %s outside 1 to 2^31 - 1: %o', async (what, parameters) => {
    const [password, salt] = [new Uint8Array(4), new Uint8Array(16)]
    await expect(pbkdf2Sha256({ password, salt, ...parameters })).rejects.toMatchObject({
      code: 'BYTES_RANGE',
      message: expect.stringContaining(`the ${what} of PBKDF2 is `),
    })
  })
})

describe('what a primitive gives', () => {
  it.each<[string, () => Uint8Array | Promise<Uint8Array>]>([
    ['sha256', () => sha256(new Uint8Array(1))],
    ['sha256 of parts', () => sha256(new Uint8Array(1), new Uint8Array(1))],
    ['sha1', () => sha1(new Uint8Array(1))],
    ['hmacSha256', () => hmacSha256(new Uint8Array(1), new Uint8Array(1))],
    [
      'pbkdf2Sha256',
      () =>
        pbkdf2Sha256({
          password: new Uint8Array(1),
          salt: new Uint8Array(1),
          iterations: 1,
          length: 8,
        }),
    ],
  ])('is no Buffer and shares its memory with nothing: %s', async (_, compute) => {
    const octets = await compute()
    expect(octets.constructor).toBe(Uint8Array)
    expect(octets.buffer.byteLength).toBe(octets.length)
  })
})
