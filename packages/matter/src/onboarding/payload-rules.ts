import type { RuleTable } from '@keyline/bytes'

/** Rules of a label for the values that factory data do not hold (matter-factory-data 8.1). */
export const payloadRules = {
  'PAY-01': {
    severity: 'error',
    text: 'The version of an onboarding payload is 0.',
    remedy: 'use version 0; no other is defined',
  },
  'PAY-02': {
    severity: 'error',
    text: 'The commissioning flow is 0 (standard), 1 (user intent) or 2 (custom).',
    remedy: 'use --flow standard, user-intent or custom',
  },
  'PAY-03': {
    severity: 'error',
    text: 'The discovery capabilities have no reserved bit.',
    remedy: 'name them with --discovery, such as ble or ble,ip',
  },
  'PAY-04': {
    severity: 'warning',
    text: 'A payload names its vendor and product.',
    remedy: 'use the ids of the product; vendor and product id 0 are for test tools alone',
  },
  'PAY-05': {
    severity: 'warning',
    text: 'A payload names a way to discover the device.',
    remedy: 'name at least one with --discovery, such as ble',
  },
} as const satisfies RuleTable

export type PayloadRule = keyof typeof payloadRules
