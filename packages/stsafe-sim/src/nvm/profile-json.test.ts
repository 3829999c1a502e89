import { readFileSync } from 'node:fs'
import { decode } from '@keyline/bytes'
import { zoneConditions } from '@keyline/stsafe/layout'
import { describe, expect, it } from 'vitest'
import { parseProfile } from './profile-json.ts'
import { spl05Profile } from './profile.ts'

describe('a profile as a file', () => {
  const text = JSON.stringify(spl05Profile)

  it('reads back', () => {
    expect(parseProfile(text)).toEqual(spl05Profile)
  })

  it('is that of the package, which a person copies and changes', () => {
    const file = new URL('../../profiles/spl05.json', import.meta.url)
    expect(parseProfile(readFileSync(file, 'utf8'))).toEqual(spl05Profile)
  })

  it.each([
    ['[]', 'no object'],
    [text.replace('"4000"', '4000'), 'i2cParameters'],
    [text.replace('"never"', '"sometimes"'), 'commandAccess'],
    [text.replace('"symmetricSlots":16', '"symmetricSlots":256'), '0 to 255'],
    [text.replace('"4000"', '"40"'), 'I2C parameters'],
    [text.replace('"length":1000', '"length":-1'), '0 to 65535'],
    [text.replace('"zones":[', '"zone":['), 'zones'],
  ])('is refused when it is %s', (changed, message) => {
    expect(() => parseProfile(changed)).toThrow(message)
  })

  it('says what each zone is', () => {
    const [first] = spl05Profile.zones
    const conditions = decode(zoneConditions, Uint8Array.of(0x07), 'conditions')
    expect(first?.conditions).toBe('07')
    expect(conditions).toMatchObject({ readAccess: 'always', updateAccess: 'never' })
  })
})
