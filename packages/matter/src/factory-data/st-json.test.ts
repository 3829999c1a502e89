import { describe, expect, it } from 'vitest'
import type { FactoryData } from './factory-data.ts'
import { parseStJson } from './st-json.ts'

describe("ST's JSON", () => {
  it.each([
    ['[]', 'FD-002'],
    ['{"FOO":"1"}', 'FD-001'],
    ['{"VENDOR_ID":"1","VENDOR_ID":"2"}', 'FD-001'],
    ['{"VENDOR_ID":65521}', 'FD-002'],
    ['{"VENDOR_NAME":["0x41"]}', 'FD-002'],
    ['{"SPAKE2_SALT":null}', 'FD-002'],
    ['{"VENDOR_ID":""}', 'FD-003'],
    ['{"VENDOR_ID":" 1"}', 'FD-003'],
    ['{"VENDOR_ID":"1e3"}', 'FD-003'],
    ['{"VENDOR_ID":"-1"}', 'FD-004'],
    ['{"VENDOR_ID":"0x10000"}', 'FD-004'],
    ['{"SPAKE2_SETUP_PASSCODE":"4294967296"}', 'FD-004'],
    ['{"SPAKE2_SALT":["0x100"]}', 'FD-005'],
    ['{"SPAKE2_SALT":[1]}', 'FD-005'],
    ['{"SPAKE2_SALT":["0X10"]}', 'FD-005'],
  ])('refuses %s by %s', (text, rule) => {
    expect(rulesOf(text)).toEqual([rule])
  })

  it('reads all forms of integers and octets', () => {
    const text = '{"VENDOR_ID":"0Xfff1","PRODUCT_ID":"0012","SPAKE2_SALT":["0x0","f","Ff"]}'
    const { data, findings } = parseStJson(text)
    expect(findings).toEqual([])
    expect(data).toEqual({
      vendorId: 0xfff1,
      productId: 12,
      salt: Uint8Array.of(0, 15, 255),
    } satisfies FactoryData)
  })

  it('can take unknown members as comments', () => {
    const { findings } = parseStJson('{"_comment":"x"}', { unknownMembers: 'warning' })
    expect(findings).toMatchObject([{ rule: 'FD-001', severity: 'warning' }])
  })

  it('never shows the passcode or the private key in a finding', () => {
    const text =
      '{"SPAKE2_SETUP_PASSCODE":"20202021x","DEVICE_ATTESTATION_PRIV_KEY":["5e1","0x22"]}'
    const shown = JSON.stringify(parseStJson(text).findings)
    expect(shown).toContain('FD-003')
    expect(shown).toContain('FD-005')
    expect(shown).not.toMatch(/20202021|5e1/)
  })
})

function rulesOf(text: string): readonly string[] {
  return parseStJson(text).findings.map(({ rule }) => rule)
}
