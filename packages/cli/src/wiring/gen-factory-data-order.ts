import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isKeylineError, parseJson, toHex, type Clock, type Finding } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { WorkOrder } from '@keyline/ledger/records'
import {
  flowOf,
  loadOrder,
  StationError,
  type EventSink,
  type LoadedOrder,
  type RunOptions,
} from '@keyline/station'
import { ExitCode } from '../exit-code.ts'
import { exampleImages } from './examples.ts'
import { simulationOf } from './gen-factory-data.ts'
import { readFirmware } from './gen-factory-data-input.ts'
import { cause, refusedRun } from './gen-factory-data-refusal.ts'
import type { OpenStation } from './open-station.ts'
import { openPki, passphraseOf } from './pki.ts'
import { runOrder } from './run-order.ts'

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
  const { files, provisioning } = options
  const findings: Finding[] = []
  const compare = (option: string, given: string | number, ordered: string | number): void => {
    if (given === ordered) return
    findings.push(cause('CLI-23', option, `the work order has ${shown(ordered)}`, shown(given)))
  }
  compare('--provisioning', provisioning, 1)
  compare('--security', options.security ?? 'none', order.security)
  compare('--profile', options.profile, order.platform)
  compare('--policy', options.policy, order.policy)
  compare('--flashAddr', options.flashAddr, order.factoryDataAddress)
  const firmware = await readFirmware([files.provisioning, files.application])
  for (const [option, path, image] of [
    ['--flashProvisioningFW', files.provisioning, order.images.provisioning],
    ['--flashAppFW', files.application, order.images.application],
  ] as const) {
    const octets = path === undefined ? undefined : firmware.get(path)
    if (octets === undefined) continue
    compare(option, toHex(sha256(octets)), image?.sha256 ?? 'none')
    compare('--AppFwAddr', options.appFwAddr ?? 'none', image?.address ?? 'none')
  }
  return findings
}

function shown(value: string | number): string {
  return typeof value === 'number' && value > 9
    ? `0x${value.toString(16).toUpperCase()}`
    : `${value}`
}

/** The number of slots. @throws StationError `STATION_NO_FLOW` where the order cannot be run here */
export function requireOrderFlow(options: RunOptions, { prepared }: LoadedOrder): number {
  const { platform, security } = prepared.order
  const missing = missingPart(options)
  if (missing !== undefined || flowOf(prepared.order) === undefined) {
    const what = missing ?? `provisioning ${platform} with security ${security}`
    throw new StationError('STATION_NO_FLOW', `${what} cannot be run yet`)
  }
  return simulationOf(options.simulate ?? '').slots
}

function missingPart(options: RunOptions): string | undefined {
  if (options.simulate === undefined) return 'a work order on real boards'
  if (options.issuer !== undefined) return 'an issuer elsewhere'
  if (options.files.batch !== undefined) return 'a batch of identities'
  if (options.labels !== undefined) return 'printing labels'
  if (options.rdp > 0 || options.erase) return 'an erase or a protection on the simulated bench'
  return undefined
}

export interface OrderRun {
  readonly station: OpenStation
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onEvent: EventSink
}

/** Runs the order with the PAI of this station, and gives the exit code of genFactoryData. */
export async function runUnderOrder(
  { station, clock, signal, onEvent }: OrderRun,
  loaded: LoadedOrder,
  slots: number,
): Promise<ExitCode> {
  const { pkiFolder } = station.home
  using passphrase = await passphraseOf(pkiFolder, undefined)
  const summary = await runOrder({
    station,
    loaded,
    pki: await openPki(pkiFolder, passphrase),
    slots,
    resume: false,
    results: resolve('keyline-results', loaded.prepared.order.id),
    clock,
    signal,
    onEvent,
  })
  if (summary.interrupted) return ExitCode.interrupted
  const isWhole = summary.fail + summary.error + summary.quarantine + summary.remaining === 0
  return isWhole ? ExitCode.done : ExitCode.failed
}
