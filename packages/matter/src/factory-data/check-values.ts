import { toHex, type Finding } from '@keyline/bytes'
import { utf8Length, type FactoryData, type FieldEntry } from './factory-data.ts'
import { isForbiddenPasscode, passcodeRange } from './passcode.ts'
import { factoryDataFinding, type FactoryDataRule } from './rules.ts'

type NumberField = (FieldEntry & { readonly kind: 'u16' | 'u32' })['field']
type TextField = (FieldEntry & { readonly kind: 'text' })['field']

interface NumberRule {
  readonly rule: FactoryDataRule
  readonly field: NumberField
  readonly isKept: (value: number) => boolean
  readonly message: string
}

interface TextRule {
  readonly rule: FactoryDataRule
  readonly field: TextField
  readonly isKept: (text: string) => boolean
  readonly message: string
}

const numberRules: readonly NumberRule[] = [
  {
    rule: 'FD-010',
    field: 'vendorId',
    isKept: (id) => id >= 1 && id <= 0xfff4,
    message: 'the vendor id is 0 or above 0xFFF4',
  },
  {
    rule: 'FD-012',
    field: 'productId',
    isKept: (id) => id !== 0,
    message: 'the product id is 0',
  },
  {
    rule: 'FD-013',
    field: 'discriminator',
    isKept: (discriminator) => discriminator <= 0xfff,
    message: 'the discriminator is above 4095 (12 bits)',
  },
  {
    rule: 'FD-014',
    field: 'passcode',
    isKept: (passcode) => passcode >= passcodeRange.min && passcode <= passcodeRange.max,
    message: 'the passcode is outside 1 to 99999998',
  },
  // 0 is forbidden as well, but it is already out of range.
  {
    rule: 'FD-015',
    field: 'passcode',
    isKept: (passcode) => passcode === 0 || !isForbiddenPasscode(passcode),
    message: 'the passcode is one of the forbidden ones',
  },
  {
    rule: 'FD-016',
    field: 'iterations',
    isKept: (iterations) => iterations >= 1000 && iterations <= 100_000,
    message: 'the iterations are outside 1000 to 100000',
  },
]

const textRules: readonly TextRule[] = [
  atMost('FD-021', 'vendorName', 32),
  atMost('FD-022', 'productName', 32),
  atMost('FD-023', 'serialNumber', 32),
  atMost('FD-024', 'hardwareVersionString', 64),
  {
    rule: 'FD-026',
    field: 'manufacturingDate',
    isKept: isManufacturingDate,
    message: 'not a day of 2000 to 2099 in one of the two forms',
  },
  {
    rule: 'FD-028',
    field: 'rotatingDeviceId',
    isKept: (text) => isOfLength(text, 16, 64),
    message: 'the text is shorter than 16 or longer than 64 octets',
  },
  {
    rule: 'FD-029',
    field: 'enableKey',
    isKept: (text) => /^[0-9a-fA-F]{32}$/.test(text),
    message: 'the key is not 32 hexadecimal digits',
  },
]

const textFields: readonly TextField[] = [
  'vendorName',
  'productName',
  'serialNumber',
  'manufacturingDate',
  'hardwareVersionString',
  'rotatingDeviceId',
  'enableKey',
]

/** Whose text is not shown: it identifies or opens the device. */
const hiddenTexts: ReadonlySet<string> = new Set(['rotatingDeviceId', 'enableKey'])

/** Adds FD-010 … FD-017 and FD-021 … FD-029: each value on its own. Empty values are absent here (FD-006). */
export function checkValues(
  data: FactoryData,
  options: { readonly isPasscodeShown: boolean },
  findings: Finding[],
): void {
  for (const { rule, field, isKept, message } of numberRules) {
    const value = data[field]
    if (value === undefined || isKept(value)) continue
    const isShown = field !== 'passcode' || options.isPasscodeShown
    findings.push(factoryDataFinding({ rule, field, value: isShown ? String(value) : '', message }))
  }
  if (data.salt !== undefined && (data.salt.length < 16 || data.salt.length > 32)) {
    const message = `the salt has ${data.salt.length} octets, not 16 to 32`
    const value = toHex(data.salt.subarray(0, 16))
    findings.push(factoryDataFinding({ rule: 'FD-017', field: 'salt', value, message }))
  }
  for (const { rule, field, isKept, message } of textRules) {
    const text = data[field]
    if (text === undefined || isKept(text)) continue
    const value = hiddenTexts.has(field) ? '' : text
    findings.push(factoryDataFinding({ rule, field, value, message }))
  }
  for (const field of textFields) {
    const text = data[field]
    // Nearly every text is ASCII, and settled without the costlier pattern.
    if (text === undefined || !/[^ -~]/.test(text)) continue
    const bad = /[\u0000-\u001f\u007f-\u009f]|\p{Surrogate}/u.exec(text)
    if (bad === null) continue
    const code = bad[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    const message = `U+${code} stands at ${bad.index}`
    findings.push(factoryDataFinding({ rule: 'FD-025', field, message }))
  }
  if ((data.hardwareVersion === undefined) !== (data.hardwareVersionString === undefined)) {
    const field = data.hardwareVersion === undefined ? 'hardwareVersion' : 'hardwareVersionString'
    const message = 'only one of hardware version and its text is given'
    findings.push(factoryDataFinding({ rule: 'FD-027', field, message }))
  }
}

function atMost(rule: FactoryDataRule, field: TextField, limit: number): TextRule {
  return {
    rule,
    field,
    isKept: (text) => isOfLength(text, 0, limit),
    message: `the text has more than ${limit} octets of UTF-8`,
  }
}

/** Octets of UTF-8. */
function isOfLength(text: string, least: number, most: number): boolean {
  const length = utf8Length(text)
  return length >= least && length <= most
}

/** `YYYY-MM-DD`, or `YYYYMMDD` and up to 8 printable ASCII characters; a day of 2000 … 2099. */
export function isManufacturingDate(text: string): boolean {
  const form = /^(?:(20\d\d)-(\d\d)-(\d\d)|(20\d\d)(\d\d)(\d\d)[ -~]{0,8})$/.exec(text)
  if (form === null) return false
  const year = Number(form[1] ?? form[4])
  const month = Number(form[2] ?? form[5])
  const day = Number(form[3] ?? form[6])
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}
