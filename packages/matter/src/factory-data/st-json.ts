import { parseJson, Secret, type Finding, type JsonValue, type Severity } from '@keyline/bytes'
import {
  factoryDataFields,
  fieldOfName,
  integerWidth,
  type FactoryData,
  type FactoryDataBuilder,
  type FactoryDataField,
  type FieldEntry,
  type ReadFactoryData,
} from './factory-data.ts'
import { encodeValue } from './image.ts'
import { factoryDataFinding, type FactoryDataRule } from './rules.ts'

export interface StJsonOptions {
  /** Weight of FD-001 for an unknown member; vendors add comments this way. `error` unless given. */
  readonly unknownMembers?: Severity | undefined
}

export type JsonObject = { readonly [member: string]: JsonValue | undefined }

/**
 * Reads ST's JSON form (matter-factory-data 3) and reports FD-001 … FD-005; the rules of the values are
 * those of `checkFactoryData`.
 * @throws BytesError `BYTES_TEXT` when the text is not JSON at all
 */
export function parseStJson(text: string, options: StJsonOptions = {}): ReadFactoryData {
  const duplicates: string[] = []
  const document = parseJson(text, 'factory data', {
    onDuplicate: (member) => void duplicates.push(member),
  })
  const findings = duplicates.map(duplicateFinding)
  if (!isJsonObject(document)) {
    const message = 'the document is not a JSON object'
    findings.push(factoryDataFinding({ rule: 'FD-002', field: { name: 'document' }, message }))
    return { data: {}, present: new Set(), findings }
  }
  const read = readStMembers(document, options)
  return { ...read, findings: [...findings, ...read.findings] }
}

/** Reads the members of a parsed document in ST's form. */
export function readStMembers(document: JsonObject, options: StJsonOptions = {}): ReadFactoryData {
  const data: FactoryDataBuilder = {}
  const present = new Set<FactoryDataField>()
  const findings: Finding[] = []
  for (const [name, value] of Object.entries(document)) {
    if (value === undefined) continue
    const entry = fieldOfName(name)
    if (entry === undefined) {
      findings.push(
        factoryDataFinding({
          rule: 'FD-001',
          field: { name },
          message: 'no field has this name',
          severity: options.unknownMembers,
        }),
      )
      continue
    }
    present.add(entry.field)
    const finding = readStValue(entry, value, data)
    if (finding !== undefined) findings.push(finding)
  }
  return { data, present, findings }
}

/** FD-001 for a member that the document has twice. */
export function duplicateFinding(name: string): Finding {
  const message = 'duplicate: the document has this member twice'
  return factoryDataFinding({ rule: 'FD-001', field: { name }, message })
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readStValue(
  entry: FieldEntry,
  value: JsonValue,
  data: FactoryDataBuilder,
): Finding | undefined {
  switch (entry.kind) {
    case 'text':
      if (typeof value !== 'string') return typeFinding(entry, value, 'a text')
      data[entry.field] = value
      return undefined
    case 'u16':
    case 'u32': {
      if (typeof value !== 'string') return typeFinding(entry, value, 'a text that holds a number')
      const integer = readInteger(value, integerWidth[entry.kind])
      if (!integer.ok) return finding(integer.rule, entry, value, integer.message)
      data[entry.field] = integer.value
      return undefined
    }
    case 'octets':
    case 'secret': {
      if (!Array.isArray(value)) return typeFinding(entry, value, 'a list of octets')
      const octets = readOctets(value)
      if (!octets.ok) {
        const shown = entry.kind === 'secret' ? '' : octets.shown
        return finding('FD-005', entry, shown, `element ${octets.index} is not an octet in base 16`)
      }
      if (entry.kind === 'secret') data[entry.field] = new Secret(octets.value)
      else data[entry.field] = octets.value
      return undefined
    }
    default:
      return entry satisfies never
  }
}

type IntegerReading =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly rule: 'FD-003' | 'FD-004'; readonly message: string }

/** A decimal or hexadecimal text of at most `width` octets (FD-003, FD-004). */
export function readInteger(text: string, width: 2 | 4): IntegerReading {
  if (!/^-?(?:\d+|0[xX][0-9a-fA-F]+)$/.test(text)) {
    return { ok: false, rule: 'FD-003', message: 'neither decimal nor hexadecimal behind 0x' }
  }
  if (text.startsWith('-')) return { ok: false, rule: 'FD-004', message: 'the number is negative' }
  const value = Number(text)
  if (value < 2 ** (8 * width)) return { ok: true, value }
  return { ok: false, rule: 'FD-004', message: `the number does not fit ${width} octets` }
}

type OctetsReading =
  | { readonly ok: true; readonly value: Uint8Array<ArrayBuffer> }
  | { readonly ok: false; readonly index: number; readonly shown: string }

/** A list of octets in base 16, with or without `0x`. */
export function readOctets(items: readonly unknown[]): OctetsReading {
  const octets = new Uint8Array(items.length)
  for (const [index, item] of items.entries()) {
    const digits = typeof item === 'string' ? /^(?:0x)?([0-9a-fA-F]{1,2})$/.exec(item) : null
    if (digits?.[1] === undefined) return { ok: false, index, shown: JSON.stringify(item) }
    octets[index] = Number.parseInt(digits[1], 16)
  }
  return { ok: true, value: octets }
}

/**
 * ST's JSON form of a set: members in tag order, integers decimal, octets as `0x00`.
 * `parseStJson` brings it back without loss. Holds the private key when the set does.
 * @throws MatterError `FACTORY_DATA_VALUE` when a value has no encoding
 */
export function factoryDataToStJson(data: FactoryData): string {
  const members = new Map<string, string | readonly string[]>()
  for (const entry of factoryDataFields) {
    const octets = encodeValue(entry, data)
    if (octets === undefined) continue
    members.set(entry.name, stValue(entry, data, octets))
  }
  return `${JSON.stringify(Object.fromEntries(members), undefined, 2)}\n`
}

function stValue(
  entry: FieldEntry,
  data: FactoryData,
  octets: Uint8Array,
): string | readonly string[] {
  if (entry.kind === 'octets' || entry.kind === 'secret') {
    return stOctets(octets)
  }
  return String(data[entry.field])
}

/** A list of octets as ST writes it. */
export function stOctets(octets: Uint8Array): readonly string[] {
  return Array.from(octets, (octet) => `0x${octet.toString(16).padStart(2, '0')}`)
}

function typeFinding(entry: FieldEntry, value: JsonValue, wanted: string): Finding {
  const found = Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`
  return finding('FD-002', entry, '', `the member is ${found}, but must be ${wanted}`)
}

function finding(
  rule: FactoryDataRule,
  entry: FieldEntry,
  value: string,
  message: string,
): Finding {
  const isSecret = entry.field === 'passcode' || entry.kind === 'secret'
  return factoryDataFinding({ rule, field: entry.field, value: isSecret ? '' : value, message })
}
