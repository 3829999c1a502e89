import type { Finding, RuleTable, Severity } from '@keyline/bytes'
import { nameOfField, type FactoryDataField } from './factory-data.ts'

/** The rules of factory data (matter-factory-data 6.1). */
export const factoryDataRules = {
  'FD-001': {
    severity: 'error',
    text: 'No member is unknown, and none occurs twice.',
    remedy: 'remove the member, or correct its name',
  },
  'FD-002': {
    severity: 'error',
    text: 'Each member has the JSON type of its field.',
    remedy: 'write integers and texts as JSON strings, octets as a list of strings',
  },
  'FD-003': {
    severity: 'error',
    text: 'An integer is decimal, or hexadecimal behind 0x.',
    remedy: 'write the number as 4660 or 0x1234',
  },
  'FD-004': {
    severity: 'error',
    text: 'An integer fits its storage width and is not negative.',
    remedy: 'use a number of 0 to 65535 (two octets) or 0 to 4294967295 (four octets)',
  },
  'FD-005': {
    severity: 'error',
    text: 'Each element of a list of octets is one octet in base 16.',
    remedy: 'write each octet as 0x00 to 0xff',
  },
  'FD-006': {
    severity: 'error',
    text: 'No value is empty: an empty record hides all records behind it from the device.',
    remedy: 'leave the member out, or give it a value',
  },
  'FD-007': {
    severity: 'error',
    text: 'No value is longer than 602 octets: a longer record hides all records behind it.',
    remedy: 'shorten the value; of a certification declaration, list fewer products or authorities',
  },
  'FD-008': {
    severity: 'error',
    text: 'The image fits the region of the profile.',
    remedy: 'shorten the values, above all the certification declaration',
  },
  'FD-010': {
    severity: 'error',
    text: 'The vendor id is 1 to 0xFFF4.',
    remedy: 'use the vendor id that the CSA assigned, or a test id 0xFFF1 to 0xFFF4',
  },
  'FD-011': {
    severity: 'error',
    text: 'Under policy production nothing comes from a public test set.',
    remedy: 'use values and credentials of the product, or policy test',
  },
  'FD-012': {
    severity: 'error',
    text: 'The product id is not 0.',
    remedy: 'use the product id of the certification declaration',
  },
  'FD-013': {
    severity: 'error',
    text: 'The discriminator has 12 bits.',
    remedy: 'use 0 to 4095, or leave it out to have one drawn',
  },
  'FD-014': {
    severity: 'error',
    text: 'The passcode is 1 to 99999998.',
    remedy: 'use another passcode, or leave it out to have one drawn',
  },
  'FD-015': {
    severity: 'error',
    text: 'The passcode is not one of the twelve forbidden ones.',
    remedy: 'use another passcode, or leave it out to have one drawn',
  },
  'FD-016': {
    severity: 'error',
    text: 'The iterations are 1000 to 100000.',
    remedy: 'use 1000 to 100000 and derive the verifier again',
  },
  'FD-017': {
    severity: 'error',
    text: 'The salt has 16 to 32 octets.',
    remedy: 'use a salt of 16 to 32 octets and derive the verifier again',
  },
  'FD-018': {
    severity: 'error',
    text: 'The verifier has 97 octets, w0 and an uncompressed point.',
    remedy: 'store the raw verifier (not its base64 text), w0 in front of L',
  },
  'FD-019': {
    severity: 'error',
    text: 'The w0 of the verifier is 1 to n - 1, and its L is a point on P-256.',
    remedy: 'derive the verifier again from passcode, salt and iterations',
  },
  'FD-020': {
    severity: 'error',
    text: 'The verifier follows from passcode, salt and iterations.',
    remedy: 'derive the verifier again from passcode, salt and iterations',
  },
  'FD-021': {
    severity: 'error',
    text: 'The vendor name has at most 32 octets of UTF-8.',
    remedy: 'shorten the name',
  },
  'FD-022': {
    severity: 'error',
    text: 'The product name has at most 32 octets of UTF-8.',
    remedy: 'shorten the name',
  },
  'FD-023': {
    severity: 'error',
    text: 'The serial number has at most 32 octets of UTF-8.',
    remedy: 'shorten the serial number',
  },
  'FD-024': {
    severity: 'error',
    text: 'The hardware version string has 1 to 64 octets of UTF-8.',
    remedy: 'shorten the text, or leave it out',
  },
  'FD-025': {
    severity: 'error',
    text: 'A text is valid Unicode without control characters.',
    remedy: 'remove the character that the message names',
  },
  'FD-026': {
    severity: 'error',
    text: 'The manufacturing date is a day of 2000 to 2099.',
    remedy: 'write YYYY-MM-DD, or YYYYMMDD and up to 8 printable characters',
  },
  'FD-027': {
    severity: 'warning',
    text: 'Hardware version and its text are given together.',
    remedy: 'give both, or neither',
  },
  'FD-028': {
    severity: 'error',
    text: 'The unique id of the rotating device id has 16 to 64 octets of text.',
    remedy: 'draw at least 16 octets and write them as text',
  },
  'FD-029': {
    severity: 'error',
    text: 'The enable key is 32 hexadecimal digits.',
    remedy: 'write the 16 octets of the key as 32 hexadecimal digits',
  },
  'FD-030': {
    severity: 'error',
    text: 'The certification declaration is a CMS envelope around its TLV structure.',
    remedy: 'use the declaration file as the CSA delivered it',
  },
  'FD-031': {
    severity: 'error',
    text: 'The certification declaration is made out to the vendor id.',
    remedy: 'use the declaration of this vendor, or correct the vendor id',
  },
  'FD-032': {
    severity: 'error',
    text: 'The certification declaration lists the product id.',
    remedy: 'use the declaration of this product, or correct the product id',
  },
  'FD-033': {
    severity: 'error',
    text: 'The DAC is DER and keeps the profile of a device attestation certificate.',
    remedy: 'have the certificate issued again with the profile of section 10.2',
  },
  'FD-034': {
    severity: 'error',
    text: 'The PAI certificate is DER and keeps its profile.',
    remedy: 'use the PAI certificate that the product attestation authority issued',
  },
  'FD-035': {
    severity: 'error',
    text: 'The PAI issued the DAC: names, key identifiers, signature, and validity at its notBefore.',
    remedy: 'use the PAI certificate that belongs to the DAC',
  },
  'FD-036': {
    severity: 'error',
    text: 'Vendor and product id of DAC, PAI and the fields agree, or are those of the DAC origin.',
    remedy: 'use certificates of this product, or correct the ids',
  },
  'FD-037': {
    severity: 'error',
    text: 'The private key is 32 octets, 1 to n - 1.',
    remedy: 'store the raw scalar, big endian, without a DER envelope',
  },
  'FD-038': {
    severity: 'error',
    text: 'The public key is an uncompressed point on P-256.',
    remedy: 'store 65 octets, 04 in front of X and Y',
  },
  'FD-039': {
    severity: 'error',
    text: 'The public key belongs to the private key.',
    remedy: 'use the two keys of one pair',
  },
  'FD-040': {
    severity: 'error',
    text: 'The public key is the subject key of the DAC.',
    remedy: 'use the DAC that was issued for this key',
  },
  'FD-041': {
    severity: 'error',
    text: 'Every field that the mode requires is there.',
    remedy: 'add the field',
  },
  'FD-042': {
    severity: 'error',
    text: 'No field is there that the mode forbids.',
    remedy: 'remove the field; the board makes or keeps it itself',
  },
  'FD-043': {
    severity: 'error',
    text: 'No tag occurs twice in an image.',
    remedy: 'make the image again; the device reads only the first record of a tag',
  },
  'FD-044': {
    severity: 'error',
    text: 'No record runs over the end of the image.',
    remedy: 'use the whole file; it was cut, or its lengths are big endian',
  },
  'FD-045': {
    severity: 'error',
    text: 'The image has an end marker.',
    remedy: 'accept images of X-CUBE-MATTER 1.1 to 1.3 with the legacy option',
  },
  'FD-046': {
    severity: 'error',
    text: 'Behind the end marker stand only erased octets.',
    remedy: 'remove what stands behind the marker; no device reads it',
  },
  'FD-047': {
    severity: 'warning',
    text: 'Each tag of an image is known.',
    remedy: 'program the file verbatim to keep the record',
  },
  'FD-048': {
    severity: 'info',
    text: 'The firmware of the profile reads each tag.',
    remedy: 'do not expect the value on the device',
  },
  'FD-049': {
    severity: 'warning',
    text: 'Under policy production the passcode is not stored on the device.',
    remedy: 'leave the passcode out unless the device shows its code itself',
  },
  'FD-050': {
    severity: 'error',
    text: 'An integer record has exactly the width of its field.',
    remedy: 'make the image again; the firmware would read undefined octets',
  },
  'FD-051': {
    severity: 'warning',
    text: 'The recommended fields are there.',
    remedy: 'add the field, or accept the default of the firmware',
  },
} as const satisfies RuleTable

export type FactoryDataRule = keyof typeof factoryDataRules

export interface FindingInput {
  readonly rule: FactoryDataRule
  readonly field: FactoryDataField | { readonly name: string }
  /** Excerpt that is safe to print; empty when the value must not be shown. */
  readonly value?: string | undefined
  readonly message: string
  readonly severity?: Severity | undefined
  readonly remedy?: string | undefined
}

/** A finding with severity and remedy of its rule. */
export function factoryDataFinding(input: FindingInput): Finding {
  const entry = factoryDataRules[input.rule]
  return {
    rule: input.rule,
    severity: input.severity ?? entry.severity,
    field: typeof input.field === 'string' ? nameOfField(input.field) : input.field.name,
    value: excerpt(input.value ?? ''),
    message: input.message,
    remedy: input.remedy ?? entry.remedy,
  }
}

/** At most 40 characters; control characters and lone surrogates are written as escapes. */
function excerpt(text: string): string {
  const short = text.length > 40 ? `${text.slice(0, 40)}…` : text
  return short.replace(
    /[\u0000-\u001f\u007f-\u009f]|\p{Surrogate}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
