import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { decodeUtf8, isKeylineError, toHex, type Finding } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { AnyOrder } from '@keyline/ledger/records'
import { readAuthority, type ChipAuthority } from './check-attestation.ts'
import { orderFinding } from './order-rules.ts'

/** Largest file that an order may name: an image of the whole flash. */
const largestFile = 4_194_304

/** What of a document breaks its schema. */
export function schemaFindings(
  document: unknown,
  { issues }: { readonly issues: readonly SchemaIssue[] },
): readonly Finding[] {
  return issues.map(({ path, message }) => {
    const field = path.length === 0 ? '(document)' : path.map(String).join('.')
    return orderFinding('ORD-01', field, excerptAt(document, path), message)
  })
}

interface SchemaIssue {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

export async function readText(path: string, findings: Finding[]): Promise<string | undefined> {
  try {
    return decodeUtf8(await readFile(path), 'the work order')
  } catch (error) {
    findings.push(orderFinding('ORD-02', '(file)', path, reasonOf(error)))
    return undefined
  }
}

export async function readHashed(
  folder: string,
  file: { readonly file: string; readonly sha256: string },
  field: string,
  findings: Finding[],
): Promise<Uint8Array | undefined> {
  let octets: Uint8Array
  try {
    octets = await readFile(resolve(folder, file.file))
  } catch (error) {
    findings.push(orderFinding('ORD-02', `${field}.file`, file.file, reasonOf(error)))
    return undefined
  }
  if (octets.length > largestFile) {
    const message = `has ${octets.length} octets, at most ${largestFile}`
    findings.push(orderFinding('ORD-04', `${field}.file`, file.file, message))
    return undefined
  }
  const found = toHex(sha256(octets))
  if (found !== file.sha256) {
    findings.push(orderFinding('ORD-03', `${field}.sha256`, file.sha256, `the file has ${found}`))
  }
  return octets
}

export async function readAuthorities(
  folder: string,
  { attestation }: Pick<AnyOrder, 'attestation'>,
  findings: Finding[],
): Promise<readonly ChipAuthority[] | undefined> {
  const { authorities } = attestation ?? {}
  if (authorities === undefined) return undefined
  const read: ChipAuthority[] = []
  for (const [index, authority] of authorities.entries()) {
    const field = `attestation.authorities.${index}`
    const octets = await readHashed(folder, authority, field, findings)
    const content = octets && readAuthority(octets, field)
    if (content === undefined) continue
    if ('finding' in content) findings.push(content.finding)
    else read.push({ ...content, isSimulated: authority.simulated === true })
  }
  return read
}

/** The value at a path of the document, short enough for one line. */
function excerptAt(document: unknown, path: readonly PropertyKey[]): string {
  let value: unknown = document
  for (const member of path) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, member) : undefined
  }
  return value === undefined ? '' : JSON.stringify(value).slice(0, 60)
}

function reasonOf(error: unknown): string {
  if (isKeylineError(error)) return error.message
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'the file may not be read'
  if (code === 'EISDIR') return 'this is a folder'
  return code === '' ? 'the file cannot be read' : `the file cannot be read (${code})`
}
