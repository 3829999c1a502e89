import type { Finding, RuleTable } from '@keyline/bytes'

/** What a work order must satisfy beyond the rules of factory data, certificates and declarations. */
export const orderRules = {
  'ORD-01': {
    severity: 'error',
    text: 'The work order does not follow its schema.',
    remedy:
      'correct the member; the JSON Schema in examples/work-order.schema.json helps an editor',
  },
  'ORD-02': {
    severity: 'error',
    text: 'A file that the work order names cannot be read.',
    remedy: 'check the path; it is relative to the work order',
  },
  'ORD-03': {
    severity: 'error',
    text: 'A file does not have the hash that the work order names.',
    remedy: 'use the released file, or correct sha256 in the work order',
  },
  'ORD-04': {
    severity: 'error',
    text: 'An image lies outside the flash of the platform or over the factory data.',
    remedy: 'correct address or image; provisioning-station section 3.1 has the map',
  },
  'ORD-05': {
    severity: 'error',
    text: 'The platform with this security level has no flow.',
    remedy:
      'use "wba" with security 0, 1 or 2, "u5" with security 1, "wb55" or "u3" with security 0',
  },
  'ORD-06': {
    severity: 'error',
    text: 'The serial number pattern gives more than 32 octets or too few numbers for the quantity.',
    remedy: 'shorten the text or lengthen the counter of the pattern',
  },
  'ORD-07': {
    severity: 'error',
    text: 'The certificate limit is below the quantity.',
    remedy: 'raise certificateLimit, or leave it out',
  },
  'ORD-08': {
    severity: 'error',
    text: 'PAI or PAA breaks its profile or does not form a chain.',
    remedy: 'use the pair that `keyline pki init` made, or the one of your PKI',
  },
  'ORD-09': {
    severity: 'error',
    text: 'Vendor or product of the order is not the one of the PAI.',
    remedy: 'correct vendorId or productId, or use the PAI of this vendor',
  },
  'ORD-10': {
    severity: 'error',
    text: 'The certification declaration is not signed by a signer that commissioners of this policy trust.',
    remedy: 'use the declaration that the certification gave, or policy "test"',
  },
  'ORD-11': {
    severity: 'info',
    text: 'A value of ST’s JSON belongs to one device and is drawn afresh for each unit.',
    remedy: 'nothing to do; a work order does not carry such values',
  },
  'ORD-12': {
    severity: 'error',
    text: 'An image that the flow needs is missing, or one is named that the flow has no place for.',
    remedy:
      'name images.provisioning for security 0 alone, images.coprocessor for "wb55", images.magicTrailer with a boot loader',
  },
  'ORD-13': {
    severity: 'error',
    text: 'The magic trailer does not stand at the end of a slot of the platform.',
    remedy:
      'correct the address of application or trailer; provisioning-station section 3.4 has the known ones',
  },
  'ORD-14': {
    severity: 'error',
    text: 'A member contradicts platform or policy: the device key would not end where it must, or nothing could prove it.',
    remedy:
      'leave the member out; policy "production" keeps keys in secure storage and proves them',
  },
  'ORD-15': {
    severity: 'error',
    text: 'The order demands an attestation key of boards that have none, or whose application cannot be asked.',
    remedy:
      'use "wba" with security 2, or "u3", and an application that answers; set attestation.required to false to take boards without a key',
  },
  'ORD-16': {
    severity: 'error',
    text: 'An authority of chips is no certificate, or one of simulated chips under policy "production".',
    remedy: 'name the certificate that the maker of the chips publishes, or use policy "test"',
  },
} as const satisfies RuleTable

export type OrderRule = keyof typeof orderRules

export function orderFinding(
  rule: OrderRule,
  field: string,
  value: string,
  message: string,
): Finding {
  const { severity, remedy } = orderRules[rule]
  return { rule, severity, field, value, message, remedy }
}
