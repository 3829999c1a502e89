import { describe, expect, it } from 'vitest'
import { scaled } from '../../../../test/support/scale.ts'
import { IdentityIndex, identitiesOf, repeatedFinding } from './identity-index.ts'

describe('the index of identities', () => {
  it('tells the second time from the first, across its growth', () => {
    const count = scaled(20_000, 1_000_000)
    const index = new IdentityIndex()
    for (let number = 0; number < count; number++) {
      if (index.add('serialNumber', `SN${number}`) !== 'new') throw new Error(`SN${number} is new`)
    }
    expect(index.size).toBe(count)
    for (let number = 0; number < count; number += 7) {
      if (index.add('serialNumber', `SN${number}`) !== 'repeated') {
        throw new Error(`SN${number} was there`)
      }
    }
    expect(index.size).toBe(count)
    expect(index.has('serialNumber', 'SN1')).toBe(true)
    expect(index.has('serialNumber', `SN${count}`)).toBe(false)
  })

  it('keeps the kinds apart', () => {
    const index = new IdentityIndex()
    expect(index.add('serialNumber', 'one')).toBe('new')
    expect(index.add('rotatingDeviceId', 'one')).toBe('new')
    expect(index.add('dacPublicKey', new TextEncoder().encode('one'))).toBe('new')
    expect(index.add('serialNumber', new TextEncoder().encode('one'))).toBe('repeated')
  })

  it('takes what a set has, and the pair only when both numbers are there', () => {
    expect(identitiesOf({ serialNumber: 'A', passcode: 7 })).toEqual([
      { kind: 'serialNumber', value: 'A' },
    ])
    expect(identitiesOf({ discriminator: 3840, passcode: 7 })).toEqual([
      { kind: 'commissioning', value: '7/3840' },
    ])
  })

  it('names rule and field of a repetition, and never the passcode', () => {
    const [pair] = identitiesOf({ discriminator: 3840, passcode: 20_202_021 })
    const finding = pair === undefined ? undefined : repeatedFinding(pair, 'batch')
    expect(finding).toMatchObject({ rule: 'BATCH-04', severity: 'warning' })
    expect(JSON.stringify(finding)).not.toContain('20202021')
    const serial = repeatedFinding({ kind: 'serialNumber', value: 'A1' }, 'ledger')
    expect(serial).toMatchObject({
      rule: 'BATCH-01',
      severity: 'error',
      field: 'SERIAL_NUMBER',
      value: 'A1',
    })
  })
})
