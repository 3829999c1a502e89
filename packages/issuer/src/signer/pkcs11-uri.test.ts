import { encodeUtf8, isWellFormedText, toHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatPkcs11Uri, parsePkcs11Uri, type Pkcs11Uri } from './pkcs11-uri.ts'

/** Without the members that are not there, to compare with what was put in. */
const present = (uri: Pkcs11Uri): Record<string, unknown> =>
  Object.fromEntries(Object.entries(uri).filter(([, value]) => value !== undefined))

describe('the name of a key in a PKCS#11 module', () => {
  it('is read as RFC 7512 writes it', () => {
    const uri = parsePkcs11Uri(
      'pkcs11:token=My%20token;manufacturer=Snake%20Oil,%20Inc.;serial=0123;object=pai;type=private;id=%69%95%3E%00' +
        '?module-path=/usr/lib/libp11.so&pin-source=file:/etc/keyline/pin',
    )
    expect(present(uri)).toEqual({
      token: 'My token',
      manufacturer: 'Snake Oil, Inc.',
      serial: '0123',
      object: 'pai',
      id: Uint8Array.of(0x69, 0x95, 0x3e, 0x00),
      modulePath: '/usr/lib/libp11.so',
      pinFile: '/etc/keyline/pin',
    })
  })

  it.each([
    ['file:/etc/pin', '/etc/pin'],
    ['file:///etc/pin', '/etc/pin'],
    ['file:pin', 'pin'],
  ])('names its PIN file by %s', (source, path) => {
    const uri = parsePkcs11Uri(`pkcs11:slot-id=0;object=a?pin-source=${source}`)
    expect(uri).toMatchObject({ pinFile: path, slotId: 0 })
  })

  it.each([
    ['another scheme', 'pkcs12:token=a;object=b', 'does not begin with pkcs11:'],
    ['capitals in the scheme', 'PKCS11:token=a;object=b', 'does not begin with pkcs11:'],
    ['no key', 'pkcs11:token=a', 'object or id is missing'],
    ['no token', 'pkcs11:object=a', 'token, serial or slot-id is missing'],
    ['nothing at all', 'pkcs11:', 'names no key'],
    ['an attribute twice', 'pkcs11:token=a;token=b;object=c', 'token stands twice'],
    ['an unknown attribute', 'pkcs11:token=a;object=b;color=red', 'it has "color"'],
    ['an attribute in the wrong half', 'pkcs11:token=a;object=b;module-path=c', '"module-path"'],
    ['an empty attribute', 'pkcs11:token=;object=b', 'token is empty'],
    ['an attribute without a value', 'pkcs11:token;object=b', 'token has no value'],
    ['a semicolon at the end', 'pkcs11:token=a;object=b;', 'it has ""'],
    ['a bare blank', 'pkcs11:token=a b;object=c', 'must be escaped'],
    ['a bare slash in the path', 'pkcs11:token=a/b;object=c', 'must be escaped'],
    ['half of an escape', 'pkcs11:token=a%2;object=c', 'must be escaped'],
    ['an escape that is none', 'pkcs11:token=a%zz;object=c', 'must be escaped'],
    ['a text that is no UTF-8', 'pkcs11:token=%ff;object=c', 'no UTF-8'],
    ['a NUL', 'pkcs11:token=a%00;object=c', 'NUL'],
    ['a public key', 'pkcs11:token=a;object=b;type=public', 'must be private'],
    ['a slot beyond 32 bit', 'pkcs11:slot-id=4294967296;object=b', 'slot-id'],
    ['a slot with a leading zero', 'pkcs11:slot-id=01;object=b', 'slot-id'],
    ['an id of 65 octets', `pkcs11:token=a;id=${'%00'.repeat(65)}`, '64 at most'],
    ['an empty query', 'pkcs11:token=a;object=b?', 'question mark'],
    ['a program for the PIN', 'pkcs11:token=a;object=b?pin-source=|cat', 'file: and a path'],
    ['2 KiB and more', `pkcs11:token=${'a'.repeat(2048)};object=b`, 'more than 2048'],
  ])('is refused with %s', (_, text, message) => {
    expect(() => parsePkcs11Uri(text)).toThrow(
      expect.objectContaining({
        code: 'ISSUER_KEY_URI',
        message: expect.stringContaining(message) as string,
      }),
    )
  })

  it.each(['pkcs11:token=a;object=b?pin-value=geheim', 'pkcs11:token=a;pin-value=geheim;object=b'])(
    'is refused with a PIN, which the message does not repeat: %s',
    (text) => {
      expect(() => parsePkcs11Uri(text)).toThrow(
        expect.objectContaining({
          code: 'ISSUER_KEY_URI',
          remedy: expect.stringContaining('pin-source') as string,
        }),
      )
      expect(() => parsePkcs11Uri(text)).not.toThrow(/geheim/)
    },
  )

  const text = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 20 })
    .filter((value) => isWellFormedText(value) && !value.includes('\0'))
  const id = fc.uint8Array({ minLength: 1, maxLength: 64 })
  const uris = fc
    .record(
      {
        token: text,
        manufacturer: text,
        model: text,
        serial: text,
        slotId: fc.nat({ max: 0xffff_ffff }),
        object: text,
        id,
        modulePath: text,
        pinFile: text.filter((path) => !path.startsWith('//')),
      },
      { requiredKeys: ['token', 'object'] },
    )
    .filter((uri) => formatPkcs11Uri(uri).length <= 2048)

  it('comes back from its spelling as it was, whatever stands in it', () => {
    fc.assert(
      fc.property(uris, (uri) => {
        expect(present(parsePkcs11Uri(formatPkcs11Uri(uri)))).toEqual(uri)
      }),
    )
  })

  it('is refused or has one spelling, whatever character is changed', () => {
    fc.assert(
      fc.property(uris, fc.nat(), fc.integer({ min: 0x20, max: 0x7e }), (uri, place, letter) => {
        const spelling = formatPkcs11Uri(uri)
        const at = place % spelling.length
        const other = spelling.slice(0, at) + String.fromCharCode(letter) + spelling.slice(at + 1)
        const read = parseOrNothing(other)
        if (read !== undefined) expect(parsePkcs11Uri(formatPkcs11Uri(read))).toEqual(read)
      }),
    )
  })

  it('fails with its own error alone on any text', () => {
    fc.assert(fc.property(fc.string(), (rest) => void parseOrNothing(`pkcs11:${rest}`)))
  })

  it('spells identifiers in escapes', () => {
    const octets = encodeUtf8('pai')
    expect(formatPkcs11Uri({ token: 'T', id: octets })).toBe(
      `pkcs11:token=T;id=%${toHex(octets).match(/../g)?.join('%')}`,
    )
  })
})

/** Nothing for a text that is refused as one; every other failure is thrown. */
function parseOrNothing(text: string): Pkcs11Uri | undefined {
  try {
    return parsePkcs11Uri(text)
  } catch (error) {
    expect(error).toMatchObject({ code: 'ISSUER_KEY_URI' })
    return undefined
  }
}
