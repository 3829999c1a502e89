import {
  encodeUtf8,
  fromBase64,
  fromHex,
  isKeylineError,
  type Finding,
  type JsonValue,
} from '@keyline/bytes'
import type { FactoryDataField } from './factory-data.ts'
import { factoryDataFinding, type FactoryDataRule } from './rules.ts'
import { isJsonObject, readInteger, readOctets, type JsonObject } from './st-json.ts'

/** Octets that stand in the document, or the name of a file that holds them. */
export type BinaryValue =
  | {
      readonly octets: Uint8Array
      /** A list of octets is what is stored; any other form may be PEM, or a key in its container. */
      readonly isVerbatim: boolean
    }
  | { readonly file: string }

/** Members whose text must not be shown in a finding. */
const secretMembers = new Set([
  'commissioning.passcode',
  'commissioning.verifier',
  'attestation.privateKey',
  'device.enableKey',
  'device.rotatingIdUniqueId',
])

/** Reads the extended form by paths of at most two names; collects findings and unknown members. */
export class ExtendedReader {
  /** Fields that stood in the document, or follow from it. */
  readonly present = new Set<FactoryDataField>()
  readonly #document: JsonObject
  readonly #asked = new Set<string>()
  readonly #findings: Finding[] = []

  constructor(document: JsonObject) {
    this.#document = document
  }

  text(path: string, field?: FactoryDataField): string | undefined {
    const value = this.#take(path, field)
    if (value === undefined || typeof value === 'string') return value
    return this.#refuse('FD-002', path, 'must be a text')
  }

  flag(path: string): boolean | undefined {
    const value = this.#take(path)
    if (value === undefined || typeof value === 'boolean') return value
    return this.#refuse('FD-002', path, 'must be true or false')
  }

  oneOf<const T extends string>(path: string, choices: readonly T[]): T | undefined {
    const value = this.#take(path)
    if (value === undefined) return undefined
    const choice = choices.find((candidate) => candidate === value)
    return choice ?? this.#refuse('FD-002', path, `must be one of ${choices.join(', ')}`)
  }

  list(path: string): readonly JsonValue[] | undefined {
    const value = this.#take(path)
    if (value === undefined || isList(value)) return value
    return this.#refuse('FD-002', path, 'must be a list')
  }

  /** A JSON number, or a text as in ST's form. */
  integer(path: string, field: FactoryDataField | undefined, width: 2 | 4): number | undefined {
    const value = this.#take(path, field)
    if (value === undefined) return undefined
    if (typeof value !== 'string' && typeof value !== 'number') {
      return this.#refuse('FD-002', path, 'must be a number')
    }
    const reading = readInteger(String(value), width)
    return reading.ok ? reading.value : this.#refuse(reading.rule, path, reading.message)
  }

  /** `{file}`, `{hex}`, `{base64}`, `{utf8}`, or ST's list of octets. */
  binary(path: string, field: FactoryDataField): BinaryValue | undefined {
    const value = this.#take(path, field)
    if (value === undefined) return undefined
    if (isList(value)) {
      const octets = readOctets(value)
      if (octets.ok) return { octets: octets.value, isVerbatim: true }
      return this.#refuse('FD-005', path, `element ${octets.index} is not an octet in base 16`)
    }
    const [form, ...others] = isJsonObject(value) ? Object.entries(value) : []
    const text = form?.[1]
    if (form === undefined || others.length > 0 || typeof text !== 'string') {
      return this.#refuse('FD-002', path, 'must be one of {file}, {hex}, {base64}, {utf8}, a list')
    }
    return this.#octets(path, form[0], text)
  }

  isRandom(path: string, field: FactoryDataField | undefined): boolean {
    return this.isWord(path, 'random', field)
  }

  /** True when the member is exactly this word in place of a value. */
  isWord(path: string, word: string, field: FactoryDataField | undefined): boolean {
    return this.#peek(path) === word && this.#take(path, field) === word
  }

  /** True when the document has the member, whatever it holds. */
  has(path: string): boolean {
    return this.#peek(path) !== undefined
  }

  add(finding: Finding): void {
    this.#findings.push(finding)
  }

  report(rule: FactoryDataRule, path: string, message: string): void {
    const value = this.#peek(path)
    const isShown = typeof value === 'string' || typeof value === 'number'
    this.#findings.push(
      factoryDataFinding({
        rule,
        field: { name: path },
        value: isShown && !secretMembers.has(path) ? String(value) : '',
        message,
      }),
    )
  }

  /** All findings, with FD-001 for each member that nobody asked for. */
  finish(): readonly Finding[] {
    for (const [name, value] of Object.entries(this.#document)) {
      const groups = isJsonObject(value)
        ? Object.keys(value).map((key) => `${name}.${key}`)
        : [name]
      for (const path of groups) {
        if (!this.#asked.has(path)) this.report('FD-001', path, 'no member has this name')
      }
    }
    return this.#findings
  }

  #octets(path: string, form: string, text: string): BinaryValue | undefined {
    try {
      switch (form) {
        case 'file':
          return { file: text }
        case 'hex':
          return { octets: fromHex(text, path), isVerbatim: false }
        case 'base64':
          return { octets: fromBase64(text, path), isVerbatim: false }
        case 'utf8':
          return { octets: encodeUtf8(text), isVerbatim: false }
        default:
          return this.#refuse('FD-002', path, `${form} is not a form of octets`)
      }
    } catch (error) {
      if (!isKeylineError(error)) throw error
      return this.#refuse('FD-005', path, `the ${form} text cannot be read`)
    }
  }

  #peek(path: string): JsonValue | undefined {
    const [group = '', name] = path.split('.')
    const value = this.#document[group]
    if (name === undefined) return value
    return isJsonObject(value) ? value[name] : undefined
  }

  #take(path: string, field?: FactoryDataField): JsonValue | undefined {
    this.#asked.add(path)
    const value = this.#peek(path)
    if (value !== undefined && field !== undefined) this.present.add(field)
    return value
  }

  #refuse(rule: FactoryDataRule, path: string, message: string): undefined {
    this.report(rule, path, message)
    return undefined
  }
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
