import type { Finding } from '@keyline/bytes'
import { checkCertificates, checkIssuer, type PaiMemory } from './check-certificates.ts'
import { checkDeclaration, type DeclarationMemory } from './check-declaration.ts'
import { checkKeyPair, checkKeys } from './check-keys.ts'
import { presenceRules, type PresenceSetting } from './check-presence.ts'
import { checkProduction } from './check-production.ts'
import { checkValues } from './check-values.ts'
import { checkVerifierForm, checkVerifierProof, type DerivedVerifier } from './check-verifier.ts'
import { ContentMemory } from './content-memory.ts'
import {
  factoryDataFields,
  integerMax,
  integerWidth,
  utf8Length,
  type FactoryData,
  type FactoryDataBuilder,
  type FactoryDataField,
  type FieldEntry,
} from './factory-data.ts'
import { isReadable, lengthFindings } from './image.ts'
import { recordHeaderLength } from './image-records.ts'
import { factoryDataFinding } from './rules.ts'
import { imageLimit, tooLarge } from './verbatim.ts'

/** What decides which rules hold, the same for all sets of a batch. */
export interface FactoryDataSetting extends PresenceSetting {
  readonly policy: 'test' | 'production'
}

/** What is known of one set beside its values. */
export interface FactoryDataOrigin {
  /** Fields that stood in the input though they could not be decoded: they are not missing. */
  readonly present?: ReadonlySet<FactoryDataField> | undefined
  /**
   * Spares the second PBKDF2: when the set has exactly these four values, FD-019 and FD-020 hold because
   * the verifier was derived from them. Any other value is computed as always; the values that a board
   * returns are compared here, they are not taken on trust.
   */
  readonly knownVerifier?: DerivedVerifier | undefined
}

export interface FactoryDataCheck extends FactoryDataSetting, FactoryDataOrigin {
  /**
   * `skip` leaves out the rules that need a PBKDF2, a multiplication or a signature verification:
   * {@link rulesWithProof}. `all` unless given.
   */
  readonly proofs?: 'all' | 'skip' | undefined
}

/** Rules that prove what belongs together, and cost hundreds of times as much as all the others. */
export const rulesWithProof = ['FD-019', 'FD-020', 'FD-035', 'FD-039'] as const

/**
 * All rules of a decoded set at once (matter-factory-data 6), in the order of their numbers.
 * Rules of the container and of JSON were reported by the reader (`decodeImage`, `parseStJson`).
 * For many sets under one setting, {@link prepareFactoryDataCheck} is faster.
 */
export async function checkFactoryData(
  data: FactoryData,
  options: FactoryDataCheck,
): Promise<readonly Finding[]> {
  const checker = prepareFactoryDataCheck(options)
  return options.proofs === 'skip'
    ? checker.checkWithoutProofs(data, options)
    : checker.check(data, options)
}

/** Prepares the rules of a setting for many sets. */
export function prepareFactoryDataCheck(setting: FactoryDataSetting): FactoryDataChecker {
  return new FactoryDataChecker(setting)
}

/** The rules of a setting. What devices share, PAI certificate and declaration, is read once and remembered. */
export class FactoryDataChecker {
  readonly #setting: FactoryDataSetting
  readonly #presence: ReturnType<typeof presenceRules>
  readonly #declarations: DeclarationMemory = new ContentMemory()
  readonly #pais: PaiMemory = new ContentMemory()

  /** @see prepareFactoryDataCheck */
  constructor(setting: FactoryDataSetting) {
    this.#setting = setting
    this.#presence = presenceRules(setting)
  }

  /** All rules, in the order of their numbers. */
  async check(data: FactoryData, origin: FactoryDataOrigin = {}): Promise<readonly Finding[]> {
    const { usable, findings, certificates } = this.#examine(data, origin)
    findings.push(
      ...(await checkVerifierProof(usable, origin.knownVerifier)),
      ...checkIssuer(certificates.dac, certificates.pai),
      ...checkKeyPair(usable),
    )
    return findings.sort(byRule)
  }

  /** All rules but {@link rulesWithProof}; nothing is derived, multiplied, verified or waited for. */
  checkWithoutProofs(data: FactoryData, origin: FactoryDataOrigin = {}): readonly Finding[] {
    return this.#examine(data, origin).findings.sort(byRule)
  }

  #examine(data: FactoryData, { present }: FactoryDataOrigin) {
    const { policy } = this.#setting
    const findings: Finding[] = []
    const usable = this.#weigh(data, findings)
    const declaration = checkDeclaration(usable, this.#declarations)
    const certificates = checkCertificates(usable, declaration.expectedIds, this.#pais)
    checkValues(usable, { isPasscodeShown: policy === 'test' }, findings)
    append(findings, checkVerifierForm(usable))
    append(findings, declaration.findings)
    append(findings, certificates.findings)
    append(findings, checkKeys(usable, certificates.dacKey))
    for (const { field, ifPresent, ifAbsent } of this.#presence) {
      const isPresent = data[field] !== undefined || present?.has(field) === true
      append(findings, isPresent ? ifPresent : ifAbsent)
    }
    if (policy === 'production') {
      const { dac, pai } = certificates
      findings.push(...checkProduction(usable, { declaration: declaration.parsed, dac, pai }))
    }
    return { usable, findings, certificates }
  }

  /**
   * FD-004, FD-006, FD-007 and FD-008. An empty value says nothing: the rules of its field are not asked about it.
   * @returns the set without values that have no record
   */
  #weigh(data: FactoryData, findings: Finding[]): FactoryData {
    const { profile, mode } = this.#setting
    let usable: FactoryDataBuilder | undefined
    let size = endMarkerLength
    for (const entry of factoryDataFields) {
      const length = lengthOf(entry, data)
      if (length === undefined) continue
      size += recordHeaderLength + length
      if (entry.kind === 'u16' || entry.kind === 'u32') {
        const value = data[entry.field] ?? 0
        if (Number.isInteger(value) && value >= 0 && value <= integerMax[entry.kind]) continue
        const message = `the number does not fit ${length} octets`
        findings.push(factoryDataFinding({ rule: 'FD-004', field: entry.field, message }))
      } else {
        if (isReadable(length)) continue
        findings.push(...lengthFindings(entry.name, length))
        if (length > 0) continue
      }
      usable ??= { ...data }
      usable[entry.field] = undefined
    }
    if (size > imageLimit(profile, mode)) findings.push(tooLarge(size, profile, mode))
    return usable ?? data
  }
}

/** Nearly always there is nothing to append: that must cost nothing. */
function append(findings: Finding[], more: readonly Finding[]): void {
  for (const finding of more) findings.push(finding)
}

/** Octets of the end marker. */
const endMarkerLength = 4

/** Octets of a field's record without its header; `undefined` without a value. */
function lengthOf(entry: FieldEntry, data: FactoryData): number | undefined {
  switch (entry.kind) {
    case 'octets':
    case 'secret':
      return data[entry.field]?.length
    case 'text': {
      const text = data[entry.field]
      return text === undefined ? undefined : utf8Length(text)
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
