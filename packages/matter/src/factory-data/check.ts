import type { Finding } from '@keyline/bytes'
import { checkCertificates } from './check-certificates.ts'
import { checkDeclaration } from './check-declaration.ts'
import { checkKeys } from './check-keys.ts'
import { checkProduction } from './check-production.ts'
import { checkValues } from './check-values.ts'
import { checkVerifier, type DerivedVerifier } from './check-verifier.ts'
import {
  factoryDataFields,
  integerWidth,
  type FactoryData,
  type FactoryDataBuilder,
  type FactoryDataField,
  type FieldEntry,
} from './factory-data.ts'
import { lengthFindings } from './image.ts'
import { modeRules, recommendedFields, type FactoryDataMode } from './mode.ts'
import type { FactoryDataProfile } from './profile.ts'
import { factoryDataFinding } from './rules.ts'

export interface FactoryDataCheck {
  readonly profile: FactoryDataProfile
  readonly mode: FactoryDataMode
  readonly policy: 'test' | 'production'
  /** Where the device key rests; `flash` unless given. In `secure` storage it must not be in the image. */
  readonly keyStorage?: 'flash' | 'secure' | undefined
  /** Fields that stood in the input though they could not be decoded: they are not missing. */
  readonly present?: ReadonlySet<FactoryDataField> | undefined
  /**
   * Spares the second PBKDF2: when the set has exactly these four values, FD-019 and FD-020 hold because
   * the verifier was derived from them. Any other value is computed as always; the values that a board
   * returns are compared here, they are not taken on trust.
   */
  readonly knownVerifier?: DerivedVerifier | undefined
}

/**
 * All rules of a decoded set at once (matter-factory-data 6), in the order of their numbers.
 * Rules of the container and of JSON were reported by the reader (`decodeImage`, `parseStJson`).
 */
export async function checkFactoryData(
  data: FactoryData,
  options: FactoryDataCheck,
): Promise<readonly Finding[]> {
  const { usable, findings } = separateEmpty(data)
  const present = new Set<FactoryDataField>(options.present)
  for (const { field } of factoryDataFields) if (data[field] !== undefined) present.add(field)

  const declaration = checkDeclaration(usable)
  const certificates = checkCertificates(usable, declaration.expectedIds)
  findings.push(
    ...checkSize(data, options),
    ...checkValues(usable, { isPasscodeShown: options.policy === 'test' }),
    ...(await checkVerifier(usable, options.knownVerifier)),
    ...declaration.findings,
    ...certificates.findings,
    ...checkKeys(usable, certificates.dac?.publicKey?.point),
    ...checkPresence(present, options),
  )
  if (options.policy === 'production') {
    const { dac, pai } = certificates
    findings.push(...checkProduction(usable, { declaration: declaration.parsed, dac, pai }))
  }
  return findings.toSorted(byRule)
}

/** FD-004, FD-006, FD-007. An empty value says nothing: the rules of its field are not asked about it. */
function separateEmpty(data: FactoryData): { usable: FactoryData; findings: Finding[] } {
  const usable: FactoryDataBuilder = { ...data }
  const findings: Finding[] = []
  for (const entry of factoryDataFields) {
    const length = lengthOf(entry, data)
    if (length === undefined) continue
    if (entry.kind === 'u16' || entry.kind === 'u32') {
      const value = data[entry.field] ?? 0
      if (Number.isInteger(value) && value >= 0 && value < 2 ** (8 * length)) continue
      const message = `the number does not fit ${length} octets`
      findings.push(factoryDataFinding({ rule: 'FD-004', field: entry.field, message }))
      usable[entry.field] = undefined
      continue
    }
    findings.push(...lengthFindings(entry.name, length))
    if (length === 0) usable[entry.field] = undefined
  }
  return { usable, findings }
}

/** FD-008. */
function checkSize(data: FactoryData, options: FactoryDataCheck): readonly Finding[] {
  const { profile, mode } = options
  let size = 4
  for (const entry of factoryDataFields) {
    const length = lengthOf(entry, data)
    if (length !== undefined) size += 8 + length
  }
  const limit = mode === 'provisioning' ? profile.maxProvisioningImage : profile.maxImage
  if (size <= limit) return []
  const message = `the image has ${size} octets, profile ${profile.name} holds ${limit}`
  return [factoryDataFinding({ rule: 'FD-008', field: { name: 'image' }, message })]
}

/** FD-041, FD-042, FD-048, FD-051. */
function checkPresence(
  present: ReadonlySet<FactoryDataField>,
  options: FactoryDataCheck,
): readonly Finding[] {
  const { profile, mode } = options
  const isKeyInFlash = (options.keyStorage ?? 'flash') === 'flash'
  const findings: Finding[] = []
  const { required, forbidden } = modeRules[mode]
  const keyRule = mode === 'reconfigure' && isKeyInFlash ? 'required' : 'forbidden'
  for (const { field, tag } of factoryDataFields) {
    const isKey = field === 'dacPrivateKey'
    const isRequired = isKey ? keyRule === 'required' : required.includes(field)
    const isForbidden = isKey ? keyRule === 'forbidden' : forbidden.includes(field)
    if (!present.has(field)) {
      if (isRequired) {
        const message = `mode ${mode} requires the field`
        findings.push(factoryDataFinding({ rule: 'FD-041', field, message }))
      }
      continue
    }
    if (isForbidden) {
      const message =
        isKey && mode === 'reconfigure'
          ? 'the key rests in secure storage; it must not be in the image'
          : `mode ${mode} forbids the field`
      findings.push(factoryDataFinding({ rule: 'FD-042', field, message }))
    } else if (!profile.tagsRead.has(tag) && !isKey) {
      const message = `the firmware of profile ${profile.name} does not read tag ${tag}`
      findings.push(factoryDataFinding({ rule: 'FD-048', field, message }))
    }
  }
  for (const field of recommendedFields) {
    if (present.has(field)) continue
    const message = 'a recommended field is missing'
    findings.push(factoryDataFinding({ rule: 'FD-051', field, message }))
  }
  return findings
}

/** Octets of a field's record without its header; `undefined` without a value. */
function lengthOf(entry: FieldEntry, data: FactoryData): number | undefined {
  switch (entry.kind) {
    case 'octets':
    case 'secret':
      return data[entry.field]?.length
    case 'text': {
      const text = data[entry.field]
      return text === undefined ? undefined : Buffer.byteLength(text)
    }
    case 'u16':
    case 'u32':
      return data[entry.field] === undefined ? undefined : integerWidth[entry.kind]
    default:
      return entry satisfies never
  }
}

function byRule(a: Finding, b: Finding): number {
  return a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0
}
