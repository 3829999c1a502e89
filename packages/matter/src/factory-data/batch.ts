import { hasErrors, parseJson, type Finding, type JsonValue } from '@keyline/bytes'
import type { BatchForm, RowEntry } from './batch-columns.ts'
import { atRow, batchFinding, type BatchFinding } from './batch-rules.ts'
import { readCsvRows, readJsonRows, type ByteStream, type RawRow } from './batch-rows.ts'
import {
  extendedFormat,
  readExtendedDocument,
  type ExtendedFactoryData,
  type ExtendedJsonOptions,
} from './extended-json.ts'
import type { FactoryData, ReadFactoryData } from './factory-data.ts'
import {
  identitiesOf,
  IdentityIndex,
  repeatedFinding,
  type IdentityLookup,
} from './identity-index.ts'
import {
  duplicateFinding,
  isJsonObject,
  readStMembers,
  type JsonObject,
  type StJsonOptions,
} from './st-json.ts'

export interface BatchInput {
  /** The common object, in ST's form or in the extended one. */
  readonly common: string
  readonly rows: ByteStream
  /** `csv` with a header, or `jsonl`, one JSON object a line. */
  readonly format: 'csv' | 'jsonl'
}

export interface BatchOptions extends ExtendedJsonOptions, StJsonOptions {
  /** Identities that exist before this batch; none unless given. */
  readonly existing?: IdentityLookup | undefined
  /** Where the identities of the batch are kept, so that several inputs share one; a fresh index unless given. */
  readonly index?: IdentityIndex | undefined
}

/** One device of a batch. */
export interface BatchRow {
  /** From 1; 0 stands for the header and the common object. */
  readonly row: number
  /** What was read; absent when the row cannot be read at all. */
  readonly set?: ReadFactoryData | undefined
  /** The same with what the extended form says beyond it, when the common object has that form. */
  readonly extended?: ExtendedFactoryData | undefined
  /** Of the reader and of uniqueness (BATCH-01 … BATCH-07); the rules of the values are those of `checkFactoryData`. */
  readonly findings: readonly BatchFinding[]
}

/**
 * Reads a batch (matter-factory-data 3.2): the common object, laid under each row. Nothing but the identities is kept of a
 * row once it is handed out, so that a batch of any length fits. Row 0 comes only with findings; an error there ends the batch.
 * @throws BytesError `BYTES_TEXT` when the common object is not JSON
 * @throws MatterError `FACTORY_DATA_FILE`, `FACTORY_DATA_SEED`
 */
export async function* readBatch(
  input: BatchInput,
  options: BatchOptions,
): AsyncGenerator<BatchRow> {
  const duplicates: string[] = []
  const document = parseJson(input.common, 'factory data', {
    onDuplicate: (member) => void duplicates.push(member),
  })
  const common = isJsonObject(document) ? document : {}
  const form: BatchForm = common['format'] === extendedFormat ? 'extended' : 'st'
  const layer = form === 'st' ? stLayer(common, options) : await extendedLayer(common, options)
  const findings = [...duplicates.map(duplicateFinding), ...layer.findings]
  if (findings.length > 0) yield { row: 0, findings: atRow(0, findings) }
  if (hasErrors(findings)) return
  const rows = input.format === 'csv' ? readCsvRows : readJsonRows
  const index = options.index ?? new IdentityIndex()
  const { unknownMembers } = options
  for await (const raw of rows(input.rows, { form, unknownMembers })) {
    yield await readRow(raw, layer, { ...options, index })
  }
}

/** The common object, ready to be laid under a row. */
interface Layer {
  readonly findings: readonly Finding[]
  readonly read: (row: number, entries: readonly RowEntry[]) => Promise<LayerRow>
}

interface LayerRow {
  readonly set: ReadFactoryData
  readonly extended?: ExtendedFactoryData | undefined
}

function stLayer(common: JsonObject, options: StJsonOptions): Layer {
  const base = readStMembers(common, options)
  return {
    findings: base.findings,
    read: async (_, entries) => {
      const { data, present, findings } = readStMembers(Object.fromEntries(entries), options)
      const merged = { data: { ...base.data, ...data }, findings }
      return { set: { ...merged, present: new Set([...base.present, ...present]) } }
    },
  }
}

/** Files that the common object names are read once; what it says wrong is said once, not in each row. */
async function extendedLayer(common: JsonObject, options: ExtendedJsonOptions): Promise<Layer> {
  const files = new Map<string, Uint8Array>()
  const base = await readExtendedDocument(common, {
    ...options,
    readFile: async (name) => {
      const octets = await options.readFile(name)
      files.set(name, octets)
      return octets
    },
  })
  const known = new Set(base.findings.map(keyOf))
  const readFile = async (name: string): Promise<Uint8Array> =>
    files.get(name) ?? options.readFile(name)
  return {
    findings: base.findings,
    read: async (row, entries) => {
      const seed = options.seed === undefined ? undefined : `${options.seed}/${row}`
      const document = overlaid(common, entries)
      const read = await readExtendedDocument(document, { ...options, seed, readFile })
      const findings = read.findings.filter((finding) => !known.has(keyOf(finding)))
      const extended = { ...read, findings }
      return { set: extended, extended }
    },
  }
}

function keyOf({ rule, field, value, message }: Finding): string {
  return JSON.stringify([rule, field, value, message])
}

/** The common object with the members of a row in the place of its own; each path has a group and a member. */
function overlaid(common: JsonObject, entries: readonly RowEntry[]): JsonObject {
  const document: Record<string, JsonValue | undefined> = { ...common }
  for (const [path, value] of entries) {
    const [group = '', member = ''] = path.split('.')
    const members = document[group]
    document[group] = { ...(isJsonObject(members) ? members : {}), [member]: value }
  }
  return document
}

async function readRow(
  raw: RawRow,
  layer: Layer,
  options: BatchOptions & { readonly index: IdentityIndex },
): Promise<BatchRow> {
  const { row, entries } = raw
  if (entries === undefined) return { row, findings: raw.findings }
  const { set, extended } = await layer.read(row, entries)
  const identity: FactoryData = { ...set.data, passcode: extended?.passcode ?? set.data.passcode }
  const repeated: Finding[] = []
  for (const { kind, value } of identitiesOf(identity)) {
    if (options.index.add(kind, value) === 'repeated') {
      repeated.push(repeatedFinding({ kind, value }, 'batch'))
    } else if ((await options.existing?.has(kind, value)) === true) {
      repeated.push(repeatedFinding({ kind, value }, 'ledger'))
    }
  }
  const findings = [...raw.findings, ...atRow(row, [...set.findings, ...repeated])]
  return { row, set, extended, findings }
}

/** A row and the board it goes to. */
export interface RowAssignment {
  readonly row: number
  /** Name of the board, such as the serial number of its probe. */
  readonly board: string
}

/** BATCH-05: two boards must not get one row, unless the same identity on all of them was asked for. */
export function checkAssignments(
  assignments: Iterable<RowAssignment>,
  options: { readonly sameIdentity?: boolean | undefined } = {},
): readonly BatchFinding[] {
  if (options.sameIdentity === true) return []
  const boards = new Map<number, string>()
  const findings: BatchFinding[] = []
  for (const { row, board } of assignments) {
    const other = boards.get(row)
    if (other === undefined) boards.set(row, board)
    else if (other !== board) {
      const message = `the boards ${other} and ${board} would get the same identity`
      findings.push(batchFinding({ rule: 'BATCH-05', row, field: 'board', value: board, message }))
    }
  }
  return findings
}
