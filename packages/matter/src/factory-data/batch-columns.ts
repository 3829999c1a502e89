import { encodeUtf8, fromBase64, isKeylineError, type JsonValue } from '@keyline/bytes'
import { batchFinding, type BatchFinding } from './batch-rules.ts'
import { extendedPaths, octetWords, otherPaths } from './extended-paths.ts'
import { factoryDataFields, fieldOfName, type FieldEntry } from './factory-data.ts'
import { isJsonObject, stOctets, type JsonObject } from './st-json.ts'

/** Which form the common object of a batch has; its rows are brought into the same one. */
export type BatchForm = 'st' | 'extended'

/** Most columns of a CSV batch. */
export const maxColumns = 200

const octetForms = ['hex', 'base64', 'utf8', 'file'] as const
type OctetForm = (typeof octetForms)[number]

/** What a column, or a member of a row, is about. */
interface Column {
  /** In the extended form. */
  readonly path: string
  readonly entry: FieldEntry | undefined
  readonly form: OctetForm | undefined
}

const byPath: ReadonlyMap<string, FieldEntry> = new Map(
  factoryDataFields.map((entry) => [extendedPaths[entry.field], entry]),
)
const withoutField: ReadonlySet<string> = new Set(otherPaths)

/** One value of a row: the path or name it stands under in the form of the batch. */
export type RowEntry = readonly [name: string, value: JsonValue]

/** How the cells of a CSV batch become members. */
export type CellReader = (cell: string) => RowEntry

/** Reads the header of a CSV batch. */
export function readHeader(
  names: readonly string[],
  form: BatchForm,
):
  | { readonly ok: true; readonly cells: readonly CellReader[] }
  | { readonly ok: false; readonly findings: readonly BatchFinding[] } {
  if (names.length > maxColumns) {
    const message = `the header has ${names.length} columns, at most ${maxColumns} are read`
    return { ok: false, findings: [headerFinding('', message)] }
  }
  const findings: BatchFinding[] = []
  const cells: CellReader[] = []
  const seen = new Set<string>()
  for (const name of names) {
    const column = columnOf(name)
    const problem =
      column === undefined
        ? 'no member has this name'
        : seen.has(column.path)
          ? 'two columns name the same member'
          : problemOf(column, form)
    if (column === undefined || problem !== undefined) {
      findings.push(headerFinding(name, problem ?? ''))
      continue
    }
    seen.add(column.path)
    cells.push((cell) => [targetOf(column, form), valueOfCell(column, cell, form)])
  }
  return findings.length > 0 ? { ok: false, findings } : { ok: true, cells }
}

/** The members of a JSON row in the form of the batch, and the names that no member has. */
export interface RowMembers {
  readonly entries: readonly RowEntry[]
  readonly unknown: readonly string[]
}

/** Reads a JSON row: nested groups, paths and names of ST’s JSON all serve. What a batch shares stands in no row. */
export function membersOfObject(row: JsonObject, form: BatchForm): RowMembers {
  const entries: RowEntry[] = []
  const unknown: string[] = []
  const add = (name: string, value: JsonValue | undefined): void => {
    if (value === undefined) return
    const column = columnOf(name)
    if (
      column === undefined ||
      column.form !== undefined ||
      problemOf(column, form) !== undefined
    ) {
      unknown.push(name)
    } else entries.push([targetOf(column, form), valueOfJson(column, value, form)])
  }
  for (const [name, value] of Object.entries(row)) {
    if (groups.has(name) && isJsonObject(value)) {
      for (const [member, inner] of Object.entries(value)) add(`${name}.${member}`, inner)
    } else add(name, value)
  }
  return { entries, unknown }
}

const groups: ReadonlySet<string> = new Set(['device', 'commissioning', 'attestation', 'info'])

function columnOf(name: string): Column | undefined {
  const named = fieldOfName(name)
  if (named !== undefined) {
    return { path: extendedPaths[named.field], entry: named, form: undefined }
  }
  if (withoutField.has(name)) return { path: name, entry: undefined, form: undefined }
  const entry = byPath.get(name)
  if (entry !== undefined) return { path: name, entry, form: undefined }
  const dot = name.lastIndexOf('.')
  const path = name.slice(0, dot)
  const form = octetForms.find((candidate) => candidate === name.slice(dot + 1))
  const octets = byPath.get(path)
  const isOctets = octets?.kind === 'octets' || octets?.kind === 'secret'
  return form === undefined || !isOctets ? undefined : { path, entry: octets, form }
}

function problemOf({ entry, form }: Column, batch: BatchForm): string | undefined {
  if (batch === 'extended') return undefined
  if (entry === undefined) return 'the common object in the form of ST has no such member'
  return form === 'file' ? 'the common object in the form of ST names no files' : undefined
}

function targetOf({ path, entry }: Column, form: BatchForm): string {
  return form === 'st' && entry !== undefined ? entry.name : path
}

function valueOfCell({ path, entry, form }: Column, cell: string, batch: BatchForm): JsonValue {
  if (entry === undefined) {
    if (path === 'commissioning.discovery') return cell.split(/\s+/).filter(Boolean)
    if (path !== 'commissioning.storePasscode') return cell
    return cell === 'true' ? true : cell === 'false' ? false : cell
  }
  if (entry.kind !== 'octets' && entry.kind !== 'secret') return cell
  if (batch === 'st') return stListOf(form ?? 'hex', cell)
  if (form === undefined && octetWords.has(cell)) return cell
  return { [form ?? 'hex']: cell }
}

function valueOfJson({ entry }: Column, value: JsonValue, batch: BatchForm): JsonValue {
  if (batch === 'extended' || entry === undefined) return value
  if (entry.kind === 'octets' || entry.kind === 'secret') {
    const [form, ...others] = isJsonObject(value) ? Object.entries(value) : []
    const known = octetForms.find((candidate) => candidate === form?.[0])
    const text = form?.[1]
    const isForm = known !== undefined && others.length === 0 && typeof text === 'string'
    return isForm && known !== 'file' ? stListOf(known, text) : value
  }
  return entry.kind !== 'text' && typeof value === 'number' ? String(value) : value
}

/** Octets as ST's form has them; a text that is none stays, so that FD-005 reports it. */
function stListOf(form: OctetForm, text: string): JsonValue {
  switch (form) {
    case 'hex': {
      const digits = /^(?:0x)?((?:[0-9a-fA-F]{2})*)$/.exec(text)?.[1]
      return digits === undefined ? [text] : (digits.match(/../g) ?? [])
    }
    case 'base64':
      try {
        return stOctets(fromBase64(text, 'base64'))
      } catch (error) {
        if (isKeylineError(error)) return ['base64']
        throw error
      }
    case 'utf8':
      return stOctets(encodeUtf8(text))
    case 'file':
      return [text]
    default:
      return form satisfies never
  }
}

function headerFinding(name: string, message: string): BatchFinding {
  const field = name === '' ? 'header' : name.slice(0, 80)
  return batchFinding({ rule: 'BATCH-07', row: 0, field, message })
}
