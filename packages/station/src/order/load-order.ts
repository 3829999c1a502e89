import { dirname, resolve } from 'node:path'
import { hasErrors, isKeylineError, parseJson, toHex, type Finding } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { DeviceOrder, WorkOrder } from '@keyline/ledger/records'
import { profiles } from '@keyline/matter'
import { RefusedInput } from '../errors.ts'
import { magicTrailerOf } from './boot-slot.ts'
import { checkOrder, type OrderContent } from './check-order.ts'
import { readAuthorities, readHashed, readText, schemaFindings } from './order-files.ts'
import { orderFinding } from './order-rules.ts'
import type { FirmwareImage, PreparedOrder } from './prepared-order.ts'
import { orderOfStJson, type StOrderDefaults } from './st-product.ts'

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
  if (typeof json !== 'object' || json === null || !('format' in json)) {
    const st = orderOfStJson(text, defaults)
    findings.push(...st.findings)
    return st
  }
  if ('platform' in json && json.platform === DeviceOrder.shape.platform.value) {
    const message = 'has boards without Matter, for which only `keyline provision` does something'
    findings.push(orderFinding('ORD-05', 'platform', json.platform, message))
    return { order: undefined }
  }
  const parsed = WorkOrder.safeParse(json)
  if (parsed.success) return { order: parsed.data }
  findings.push(...schemaFindings(json, parsed.error))
  return { order: undefined }
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
