import { describe, expect, it } from 'vitest'
import { CommissioningFlow, payloadProblems, type OnboardingPayload } from './payload.ts'
import { payloadFindings } from './payload-findings.ts'

const good: OnboardingPayload = {
  vendorId: 0x1234,
  productId: 0x8004,
  flow: CommissioningFlow.standard,
  discovery: 2,
  discriminator: 0xf00,
  passcode: 20_202_021,
}

const rulesOf = (
  changed: Partial<OnboardingPayload>,
  policy?: 'test' | 'production',
): readonly string[] => payloadFindings({ ...good, ...changed }, { policy }).map(({ rule }) => rule)

describe('findings of a label', () => {
  it.each([
    [{}, []],
    [{ version: 1 }, ['PAY-01']],
    [{ vendorId: 0xfff5 }, ['FD-010']],
    [{ vendorId: 0 }, ['FD-010']],
    [{ productId: 0 }, ['FD-012']],
    [{ vendorId: 0, productId: 0 }, ['PAY-04']],
    [{ flow: 3 }, ['PAY-02']],
    [{ discovery: 0x40 }, ['PAY-03']],
    [{ discovery: 0 }, ['PAY-05']],
    [{ discriminator: 4096 }, ['FD-013']],
    [{ passcode: 0 }, ['FD-014']],
    [{ passcode: 99_999_999 }, ['FD-014']],
    [{ passcode: 12_345_678 }, ['FD-015']],
    [{ vendorId: 0xfff1 }, []],
    [{ flow: 3, passcode: 11_111_111, discriminator: -1 }, ['PAY-02', 'FD-013', 'FD-015']],
  ])('of %j are %j', (changed, rules) => {
    expect(rulesOf(changed)).toEqual(rules)
  })

  it('refuse what is for tests under the policy production', () => {
    expect(rulesOf({}, 'production')).toEqual([])
    for (const vendorId of [0xfff1, 0xfff4]) {
      expect(rulesOf({ vendorId }, 'production')).toEqual(['FD-011'])
    }
    expect(rulesOf({ vendorId: 0, productId: 0 }, 'production')).toEqual(['FD-011'])
  })

  it('never show the passcode', () => {
    const findings = payloadFindings({ ...good, passcode: 87_654_321 })
    expect(findings).toHaveLength(1)
    expect(JSON.stringify(findings)).not.toContain('87654321')
  })

  it('are errors exactly where a label is refused', () => {
    for (const changed of [{}, { vendorId: 0, productId: 0 }, { discovery: 0 }]) {
      expect(payloadProblems({ ...good, ...changed })).toEqual([])
    }
    expect(payloadProblems({ ...good, flow: 3, passcode: 0 })).toHaveLength(2)
  })
})
