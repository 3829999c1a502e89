import type { Finding } from '@keyline/bytes'
import { factoryDataRules } from '../factory-data/rules.ts'
import { isAnonymous, payloadDemands, type OnboardingPayload } from './payload.ts'
import { payloadRules } from './payload-rules.ts'

const rules = { ...factoryDataRules, ...payloadRules }

export interface PayloadFindingOptions {
  /** `production` refuses the vendor ids of tests (FD-011); `test` unless given. */
  readonly policy?: 'test' | 'production' | undefined
}

/**
 * What is to be said of a label, all at once (matter-factory-data 8.5): an error forbids it, a warning does not.
 * The passcode itself is never shown.
 */
export function payloadFindings(
  payload: OnboardingPayload,
  options: PayloadFindingOptions = {},
): readonly Finding[] {
  const findings = payloadDemands
    .filter(({ isKept }) => !isKept(payload))
    .map(({ rule, field, message }) =>
      finding(rule, field, field === 'passcode' ? '' : payload[field], message(payload)),
    )
  const { vendorId, discovery } = payload
  const isOfTests = isAnonymous(payload) || (vendorId >= 0xfff1 && vendorId <= 0xfff4)
  if (options.policy === 'production' && isOfTests) {
    findings.push(finding('FD-011', 'vendorId', vendorId, 'the vendor id is one for tests'))
  } else if (isAnonymous(payload)) {
    findings.push(finding('PAY-04', 'vendorId', vendorId, 'vendor and product id are 0'))
  }
  if (discovery === 0) {
    findings.push(finding('PAY-05', 'discovery', discovery, 'no capability is named'))
  }
  return findings
}

function finding(
  rule: keyof typeof rules,
  field: string,
  value: number | string | undefined,
  message: string,
): Finding {
  const { severity, remedy } = rules[rule]
  return { rule, severity, field, value: String(value ?? ''), message, remedy }
}
