import { format, inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from './canonical-json.ts'
import { Secret } from './secret.ts'

const passcode = (): Secret => new Secret(new TextEncoder().encode('20202021'))
const leaks = /20202021|50,48,50|3230|"0":50/

describe('a secret', () => {
  it.each<[string, (secret: Secret) => string]>([
    ['a text or template', String],
    ['a joined list', (secret) => [secret].join()],
    ['JSON', (secret) => JSON.stringify({ secret })],
    ['util.inspect', (secret) => inspect(secret)],
    ['util.inspect with everything shown', (secret) => inspect({ secret }, { showHidden: true })],
    [
      'util.inspect without custom forms',
      (secret) => inspect(secret, { customInspect: false, showHidden: true }),
    ],
    ['util.format', (secret) => format('%s %o %O %j', secret, secret, secret, secret)],
    ['its own properties', (secret) => JSON.stringify(Object.assign({}, secret))],
    ['a structured clone', (secret) => inspect(structuredClone(secret))],
    ['an error that names it', (secret) => inspect(new Error('no', { cause: secret }))],
  ])('stays hidden in %s', (_, show) => {
    expect(show(passcode())).not.toMatch(leaks)
  })

  it('says that it is one', () => {
    expect([String(passcode()), JSON.stringify(passcode()), inspect(passcode())]).toEqual([
      '[secret]',
      '"[secret]"',
      '[secret]',
    ])
  })

  it('does not slip into a canonical document through a cast', () => {
    const document: unknown = { passcode: passcode() }
    expect(() => canonicalJson(document as Parameters<typeof canonicalJson>[0])).toThrow(
      expect.objectContaining({ code: 'CANONICAL_JSON' }),
    )
  })

  it('gives its octets to the one who asks, and its length', () => {
    expect(new TextDecoder().decode(passcode().reveal())).toBe('20202021')
    expect(passcode().length).toBe(8)
  })

  it('is compared by value', () => {
    expect(passcode().equals(passcode())).toBe(true)
    expect(passcode().equals(new Secret(new Uint8Array(8)))).toBe(false)
    expect(passcode().equals(new Secret(new Uint8Array()))).toBe(false)
  })

  it('is overwritten by wipe, where its octets lie', () => {
    const octets = Uint8Array.of(1, 2, 3)
    new Secret(octets).wipe()
    expect(octets).toEqual(new Uint8Array(3))
  })

  it('is overwritten at the end of the block that uses it, also when the block throws', () => {
    const octets = Uint8Array.of(1, 2, 3)
    const use = (): void => {
      using secret = new Secret(octets)
      throw new Error(`used ${secret.length}`)
    }
    expect(use).toThrow('used 3')
    expect(octets).toEqual(new Uint8Array(3))
  })
})
