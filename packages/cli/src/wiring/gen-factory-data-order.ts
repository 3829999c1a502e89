import { readFile } from 'node:fs/promises'
import { isKeylineError, parseJson, toHex, type Finding } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { WorkOrder } from '@keyline/ledger/records'
import { loadOrder, type LoadedOrder, type RunOptions } from '@keyline/station'
import { exampleImages } from './examples.ts'
import { readFirmware } from './gen-factory-data-input.ts'
import { cause, refusedRun } from './gen-factory-data-refusal.ts'

/** Whether `--json` names a work order. What cannot be read is not one: its reader says why. */
export async function isWorkOrder({ data }: RunOptions): Promise<boolean> {
  if (data.kind === 'binary') return false
  try {
    const json = parseJson(await readFile(data.path, 'utf8'), data.path)
    return typeof json === 'object' && json !== null && 'format' in json && 'serialNumbers' in json
  } catch (error) {
    if (isKeylineError(error) || (error instanceof Error && 'syscall' in error)) return false
    throw error
  }
}

/**
 * Reads the order and holds the command line against it: both name the same run.
 * @throws RefusedInput with all findings, CLI-23 among them
 */
export async function loadRunOrder(options: RunOptions): Promise<LoadedOrder> {
  const { path } = options.data
  // An order names its own images; the defaults belong to ST's JSON.
  const loaded = await loadOrder(path, { id: 'none', quantity: 1, images: await exampleImages() })
  const findings = await differences(options, loaded.prepared.order)
  if (findings.length > 0) throw refusedRun(findings)
  return loaded
}

async function differences(options: RunOptions, order: WorkOrder): Promise<readonly Finding[]> {
  const { files, provisioning, security = 0 } = options
  const findings: Finding[] = []
  const compare = (option: string, given: string | number, ordered: string | number): void => {
    if (given === ordered) return
    findings.push(cause('CLI-23', option, `the work order has ${shown(ordered)}`, shown(given)))
  }
  compare('--provisioning', provisioning, 1)
  compare('--security', security, order.security)
  compare('--profile', options.profile, order.platform)
  compare('--policy', options.policy, order.policy)
  compare('--flashAddr', options.flashAddr, order.factoryDataAddress)
  compare('--rdp', options.rdp, order.rdp ?? 0)
  compare('--erase', options.erase ? 'yes' : 'no', order.erase === true ? 'yes' : 'no')
  if (order.platform === 'wb55')
    compare('--mode', options.mode ?? 'none', order.mode ?? order.policy)
  for (const option of ['--batch', '--same-identity'] as const) {
    const isGiven = option === '--batch' ? files.batch !== undefined : options.sameIdentity
    if (isGiven) findings.push(cause('CLI-23', option, 'identities are drawn under a work order'))
  }
  const { images } = order
  const firmware = await readFirmware([
    files.provisioning,
    files.application,
    files.coprocessor,
    files.magicTrailer,
  ])
  for (const [option, place, path, address, image] of [
    [
      '--flashProvisioningFW',
      '--AppFwAddr',
      files.provisioning,
      options.appFwAddr,
      images.provisioning,
    ],
    ['--flashAppFW', '--AppFwAddr', files.application, options.appFwAddr, images.application],
    ['--flashCoFW', '--CoFwAddr', files.coprocessor, options.coFwAddr, images.coprocessor],
    [
      '--flashMagicTrailer',
      '--flashMagicTrailerAddr',
      files.magicTrailer,
      options.magicTrailerAddr,
      images.magicTrailer,
    ],
  ] as const) {
    const octets = path === undefined ? undefined : firmware.get(path)
    // A trailer that the order leaves out follows from its application.
    const isImplied = option === '--flashMagicTrailer' && image === undefined
    if (octets === undefined || isImplied) continue
    compare(option, toHex(sha256(octets)), image?.sha256 ?? 'none')
    compare(place, address ?? 'none', image?.address ?? 'none')
  }
  return findings
}

function shown(value: string | number): string {
  return typeof value === 'number' && value > 9
    ? `0x${value.toString(16).toUpperCase()}`
    : `${value}`
}
