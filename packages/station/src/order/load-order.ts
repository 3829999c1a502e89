import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import {
  decodeUtf8,
  hasErrors,
  isKeylineError,
  parseJson,
  toHex,
  type Finding,
} from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { WorkOrder } from '@keyline/ledger/records'
import { profiles } from '@keyline/matter'
import { RefusedInput } from '../errors.ts'
import { readAuthority, type ChipAuthority } from './check-attestation.ts'
import { checkOrder, type OrderContent } from './check-order.ts'
import { orderFinding } from './order-rules.ts'
import type { FirmwareImage, PreparedOrder } from './prepared-order.ts'
import { magicTrailerOf } from './boot-slot.ts'
import { orderOfStJson, type StOrderDefaults } from './st-product.ts'

/** Largest file that an order may name: an image of the whole flash. */
const largestFile = 4_194_304

export interface LoadedOrder {
  readonly prepared: PreparedOrder
  /** Warnings and information; an error would have been thrown. */
  readonly findings: readonly Finding[]
}

/**
 * Reads a work order, or ST's JSON in its place, with every file it names, and checks every rule.
 * @throws RefusedInput with all findings at once
 */
export async function loadOrder(path: string, defaults: StOrderDefaults): Promise<LoadedOrder> {
  const findings: Finding[] = []
  const text = await readText(path, findings)
  const read = text === undefined ? undefined : readOrder(text, defaults, findings)
  if (read?.order === undefined) throw new RefusedInput(path, findings)
  const { order } = read
  const folder = dirname(resolve(path))
  const declaration =
    read.declaration ??
    (await readHashed(folder, order.certificationDeclaration, 'certificationDeclaration', findings))
  const images = await readImages(folder, order, findings)
  const chipAuthorities = await readAuthorities(folder, order, findings)
  findings.push(...(await checkOrder({ order, declaration, images })))
  const { application } = images
  if (hasErrors(findings) || declaration === undefined || application === undefined) {
    throw new RefusedInput(path, findings)
  }
  const { folder: scripts } = order.scripts ?? {}
  const prepared: PreparedOrder = {
    order: {
      ...order,
      certificationDeclaration: {
        ...order.certificationDeclaration,
        sha256: toHex(sha256(declaration)),
      },
    },
    profile: profiles[order.platform],
    declaration,
    images: { ...images, application },
    ...(chipAuthorities === undefined ? {} : { chipAuthorities }),
    ...(scripts === undefined ? {} : { scriptsFolder: resolve(folder, scripts) }),
  }
  return { prepared, findings }
}

interface ReadOrder {
  readonly order: WorkOrder | undefined
  readonly declaration?: Uint8Array | undefined
}

/** Tells the two forms apart by their first members. */
function readOrder(text: string, defaults: StOrderDefaults, findings: Finding[]): ReadOrder {
  let json: unknown
  try {
    json = parseJson(text, 'work order')
  } catch (error) {
    if (!isKeylineError(error)) throw error
    findings.push(orderFinding('ORD-01', '(document)', '', error.message))
    return { order: undefined }
  }
  const isWorkOrder = typeof json === 'object' && json !== null && 'format' in json
  if (!isWorkOrder) {
    const st = orderOfStJson(text, defaults)
    findings.push(...st.findings)
    return st
  }
  const parsed = WorkOrder.safeParse(json)
  if (parsed.success) return { order: parsed.data }
  for (const issue of parsed.error.issues) {
    const field = issue.path.length === 0 ? '(document)' : issue.path.map(String).join('.')
    findings.push(orderFinding('ORD-01', field, excerptAt(json, issue.path), issue.message))
  }
  return { order: undefined }
}

async function readText(path: string, findings: Finding[]): Promise<string | undefined> {
  try {
    return decodeUtf8(await readFile(path), 'the work order')
  } catch (error) {
    findings.push(orderFinding('ORD-02', '(file)', path, reasonOf(error)))
    return undefined
  }
}

async function readHashed(
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

async function readAuthorities(
  folder: string,
  { attestation }: WorkOrder,
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

async function readImages(
  folder: string,
  { images, platform, security }: WorkOrder,
  findings: Finding[],
): Promise<OrderContent['images']> {
  const read = async (kind: keyof WorkOrder['images']): Promise<FirmwareImage | undefined> => {
    const image = images[kind]
    if (image === undefined) return undefined
    const octets = await readHashed(folder, image, `images.${kind}`, findings)
    return octets && { octets, sha256: image.sha256, address: image.address }
  }
  const provisioning = await read('provisioning')
  const application = await read('application')
  const coprocessor = await read('coprocessor')
  const magicTrailer = await read('magicTrailer')
  return {
    provisioning,
    application,
    coprocessor: coprocessor && {
      ...coprocessor,
      file: resolve(folder, images.coprocessor?.file ?? ''),
    },
    magicTrailer:
      images.magicTrailer === undefined
        ? magicTrailerOf({ platform, security }, images.application.address)
        : magicTrailer,
  }
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
