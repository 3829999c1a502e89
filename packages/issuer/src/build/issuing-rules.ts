import type { Finding, RuleTable } from '@keyline/bytes'

/** What must hold before a device certificate is signed, and of the signed one. Source: station 8.2. */
export const issuingRules = {
  'ISS-01': {
    severity: 'error',
    text: 'The PAI satisfies its profile.',
    remedy: 'pass a PAI of the profile: CA, pathLen 0, keyCertSign and cRLSign, a vendor id',
  },
  'ISS-02': {
    severity: 'error',
    text: 'The PAI private key belongs to the PAI certificate.',
    remedy: 'pass the key and the certificate of the same PAI',
  },
  'ISS-03': {
    severity: 'error',
    text: 'The vendor id of the work order is that of the PAI.',
    remedy: 'use the PAI of this vendor, or correct the work order',
  },
  'ISS-04': {
    severity: 'error',
    text: 'The product id is not 0 and, if the PAI has one, equal to it.',
    remedy: 'use the PAI of this product or one without product id, or correct the work order',
  },
  'ISS-05': {
    severity: 'error',
    text: 'notBefore is not after notAfter and lies inside the validity of the PAI.',
    remedy: 'correct the dates, or set the clock of the machine',
  },
  'ISS-06': {
    severity: 'error',
    text: 'The serial number is positive and takes at most 20 octets.',
    remedy: 'draw the serial number from 64 random bits with the top bit clear',
  },
  'ISS-07': {
    severity: 'error',
    text: 'The common name has 1 to 64 characters, no Mvid: or Mpid:, and fits with its suffix.',
    remedy: 'shorten the common name or its template',
  },
  'ISS-08': {
    severity: 'error',
    text: 'The certificate has at most 600 octets and satisfies the DAC profile and the chain rules.',
    remedy: 'look at the findings of the lint; shorten names if the size is the cause',
  },
  'ISS-09': {
    severity: 'error',
    text: 'The PAI is not expired and not revoked.',
    remedy: 'put a new PAI into service',
  },
} as const satisfies RuleTable

export type IssuingRule = keyof typeof issuingRules

/** @param message what stands there and what should, after the field and its value */
export function issuingFinding(
  rule: IssuingRule,
  field: string,
  value: string,
  message: string,
): Finding {
  const { severity, remedy } = issuingRules[rule]
  return { rule, severity, field, value, message, remedy }
}
