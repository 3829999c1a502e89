import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import {
  findManager,
  flowOf,
  labelFormats,
  isForDevices,
  loadAnyOrder,
  type BoundSlot,
  type LoadedDeviceOrder,
  type LoadedOrder,
  type RunSummary,
  type StOrderDefaults,
} from '@keyline/station'
import { CliError } from '../errors.ts'
import { ExitCode, exitCodeOfSummary } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import type { CorimDelivery } from '../wiring/corim-delivery.ts'
import { exampleImages } from '../wiring/examples.ts'
import { issuerAddress, type IssuerAddress } from '../wiring/issuer-address.ts'
import {
  openIssuer,
  requireKeysOf,
  type OpenIssuerOptions,
  type RemoteIssuer,
} from '../wiring/issuer-open.ts'
import { readOptionalPassphrase } from '../wiring/issuer-passphrase.ts'
import { openLineElement } from '../wiring/line-element.ts'
import { openLine, type OpenLineOptions } from '../wiring/open-line.ts'
import { openPki, passphraseOf, type LinePki } from '../wiring/pki.ts'
import { requireSoundRuns } from '../wiring/crash-loop.ts'
import type { LineBoards } from '../wiring/line-boards.ts'
import { runDeviceOrder } from '../wiring/run-device-order.ts'
import { runOrder } from '../wiring/run-order.ts'
import { readSlots } from '../wiring/slots-file.ts'
import { usbLocations } from '../wiring/usb-locations.ts'
import { defaultHome, ledgerOption, wholeNumber } from './options.ts'
import { withStation, type RunOptions } from './station-run.ts'

interface ProvisionOptions extends RunOptions {
  readonly quantity: number
  readonly resume?: boolean
  readonly results: string
  readonly labels?: string
  readonly stopAfter?: number
  readonly pki?: string
  readonly issuer?: IssuerAddress
  readonly credentials?: string
  readonly paa?: string
  readonly pai?: string
  readonly passphraseFile?: string
  readonly programmer?: string | true
  readonly boards?: readonly string[]
  readonly externalLoader?: string
  readonly scripts?: string
  readonly manager?: string
  readonly element?: readonly string[]
  readonly elementMaster?: string
  readonly verifier?: string
  readonly verifierCa?: string
  readonly verifierCredentials?: string
}

/** `keyline provision ORDER`: the boards of a work order, on the simulated bench. */
export function provisionCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('provision')
    .description(
      'Provisions boards under a work order, or under ST’s Provisioning_FactoryData.json in its place.\n' +
        'Every rule is checked before a board is touched. Boards are those of the simulated bench in --home, or with\n' +
        '--programmer those behind the probes of this computer.',
    )
    .argument('<order>', 'work order (JSON), or ST’s JSON')
    .option('--slots <n>', 'boards at the same time, 1 to 64', wholeNumber(1, 64), 1)
    .option('--resume', 'take up the units that an earlier run left without a verdict')
    .option('--fast', 'let simulated time cost nothing')
    .option(
      '--quantity <n>',
      'units to make, when the order is ST’s JSON',
      wholeNumber(1, 1_000_000),
      1,
    )
    .option('--results <folder>', 'where results go', 'keyline-results')
    .option('--labels <folder>', 'write the label of each unit that passes, as SVG and PDF')
    .option(
      '--stop-after <n>',
      'begin no board after so many equal failures in a row; what the order says unless given',
      wholeNumber(2, 1000),
    )
    .option('--pki <folder>', 'certificates and PAI key; the pki folder of --home unless given')
    .option(
      '--passphrase-file <file>',
      'opens the PAI key, or the key of --credentials; KEYLINE_PASSPHRASE_FILE does the same',
    )
    .option(
      '--issuer <address>',
      'where certificates come from instead: https://HOST:PORT, est+https://HOST:PORT, pool:FOLDER or exec:PROGRAM',
      issuerAddress,
    )
    .option('--credentials <folder>', 'of `keyline enroll`: shows the server who this station is')
    .option('--paa <file>', 'the trusted PAA; that of --credentials or of the pool unless given')
    .option('--pai <file>', 'the PAI of the order; asked of the server unless given')
    .option(
      '--programmer [path]',
      'real boards: STM32CubeProgrammer, its folder or its program; searched for without a path',
    )
    .option('--boards <sn,…>', 'serial numbers of the probes; the first ones unless given', names)
    .option('--external-loader <name>', 'loader of the external memory, by name or .stldr file')
    .option('--scripts <folder>', 'of the platform scripts; else that of X-CUBE-MATTER above here')
    .option('--manager <file>', 'conducts the exchange in place of the built-in dialogue')
    .option(
      '--element <probe=uri,…>',
      'bus of the secure element of each board, or one URI for one slot; simulated boards bring their own',
      names,
    )
    .option(
      '--element-master <file>',
      'master key in hexadecimal, 32 octets or more: the keys of each chip are derived from it',
    )
    .option(
      '--verifier <address>',
      'a verifier service elsewhere that gets the CoRIM of an order with attestation, https://HOST:PORT',
    )
    .option(
      '--verifier-ca <file>',
      'PEM of the CA of that service; those of the system unless given',
    )
    .option(
      '--verifier-credentials <file>',
      'NAME:PASSWORD or an API key with the role provisioner',
    )
    .option('--home <folder>', 'ledger, journal and bench of the station', defaultHome)
    .option(...ledgerOption)
    .option('--json', 'one JSON event a line')
    .option('--quiet', 'print nothing but errors')
    .addHelpText(
      'after',
      '\nExit codes: 0 all made, 1 a board is bad, 2 wrong input, 3 trouble around the boards, 130 interrupted.',
    )
    .action(async (path: string, options: ProvisionOptions) => {
      end(await provision(output, path, options))
    })
}

async function provision(
  output: Output,
  path: string,
  options: ProvisionOptions,
): Promise<ExitCode> {
  const loaded = await loadAnyOrder(path, await stDefaults(path, options.quantity))
  requireRealTime(options)
  return isForAnyDevices(loaded)
    ? provisionDevices(output, loaded, options)
    : provisionMatter(output, loaded, options)
}

async function provisionMatter(
  output: Output,
  loaded: LoadedOrder,
  options: ProvisionOptions,
): Promise<ExitCode> {
  const { id, policy } = loaded.prepared.order
  const manager = options.manager === undefined ? undefined : await findManager(options.manager)
  if (options.issuer !== undefined) requireKeysOf(options.issuer, flowOf(loaded.prepared.order))
  return withStation(output, options, policy, async ({ station, clock, signal, renderer }) => {
    const onWarning = (text: string): void => renderer.sink({ type: 'notice', text })
    const order = loaded.prepared.order
    const pki =
      options.issuer === undefined
        ? await linePki(options, station.home.pkiFolder)
        : await remoteIssuer(options, options.issuer, { order, clock, onWarning })
    const onlyOpen = await requireSoundRuns(station.home, {
      clock,
      signal,
      onWarning,
      resume: options.resume === true,
    })
    const binding = await readSlots(station.home)
    const element = await openLineElement(output, {
      order,
      devices: options.element,
      masterFile: options.elementMaster,
      ...(options.programmer === undefined
        ? { chipFolder: join(station.home.benchFolder, 'chips') }
        : {}),
    })
    const summary = await runOrder({
      station,
      onlyOpen,
      binding,
      locate: binding === undefined ? undefined : () => usbLocations(),
      loaded,
      pki,
      slots: options.slots,
      resume: options.resume === true,
      results: join(resolve(options.results), id),
      stopAfter: options.stopAfter,
      ...(options.labels === undefined
        ? {}
        : { labels: { folder: resolve(options.labels), formats: labelFormats } }),
      clock,
      signal,
      openBoards: boardsOf(options, loaded, { binding, clock, signal, onNotice: onWarning }),
      decorate: (parts) => ({ ...parts, manager, element: element?.(parts) }),
      onEvent: renderer.sink,
    })
    return delivered(summary, options, { orderId: id, onNotice: onWarning })
  })
}

/** Boards without Matter: nothing is issued to them, and no label is printed. */
function provisionDevices(
  output: Output,
  loaded: LoadedDeviceOrder,
  options: ProvisionOptions,
): Promise<ExitCode> {
  const { id, policy } = loaded.prepared.order
  requireNoMatter(options)
  return withStation(output, options, policy, async ({ station, clock, signal, renderer }) => {
    const onWarning = (text: string): void => renderer.sink({ type: 'notice', text })
    const resume = options.resume === true
    const soundness = { clock, signal, onWarning, resume }
    const onlyOpen = await requireSoundRuns(station.home, soundness)
    const binding = await readSlots(station.home)
    const summary = await runDeviceOrder({
      station,
      onlyOpen,
      binding,
      locate: binding === undefined ? undefined : () => usbLocations(),
      loaded,
      slots: options.slots,
      resume,
      results: join(resolve(options.results), id),
      stopAfter: options.stopAfter,
      clock,
      signal,
      openBoards: boardsOf(options, loaded, { binding, clock, signal, onNotice: onWarning }),
      onEvent: renderer.sink,
    })
    return delivered(summary, options, { orderId: id, onNotice: onWarning })
  })
}

/** @throws CliError `CLI_USAGE` for an option of what such boards do not get */
function requireNoMatter(options: ProvisionOptions): void {
  const senseless = (['issuer', 'labels', 'manager', 'element', 'scripts'] as const).find(
    (name) => options[name] !== undefined,
  )
  if (senseless === undefined) return
  throw new CliError('CLI_USAGE', `--${senseless} means nothing for boards without Matter`)
}

/** The boards behind probes, where the options name a programmer; else nothing: the bench of the station is used. */
function boardsOf(
  options: ProvisionOptions,
  { prepared }: LoadedOrder | LoadedDeviceOrder,
  around: Pick<OpenLineOptions, 'clock' | 'signal' | 'onNotice'> & {
    readonly binding: readonly BoundSlot[] | undefined
  },
): (() => Promise<LineBoards>) | undefined {
  if (options.programmer === undefined) return undefined
  const { binding, ...rest } = around
  // The binding says which of all probes are for this run.
  const slots = binding === undefined ? options.slots : 64
  return () => openLine({ ...lineOf(options), slots, prepared, ...rest })
}

/** A run that is done without trouble has also told the verifier that the options name. */
async function delivered(
  summary: RunSummary,
  { verifier, verifierCa, verifierCredentials, results }: ProvisionOptions,
  run: Pick<CorimDelivery, 'orderId' | 'onNotice'>,
): Promise<ExitCode> {
  const code = exitCodeOfSummary(summary)
  if (verifier === undefined) return code
  const { deliverCorim } = await import('../wiring/corim-delivery.ts')
  const delivery = await deliverCorim({
    ...run,
    results: join(resolve(results), run.orderId),
    service: { url: verifier, ca: verifierCa, credentialsFile: verifierCredentials },
  })
  return code === ExitCode.done ? delivery : code
}

/** What the options say of real boards. */
function lineOf(
  options: ProvisionOptions,
): Pick<OpenLineOptions, 'programmer' | 'slots' | 'boards' | 'externalLoader' | 'scripts'> {
  const { programmer = true, slots, boards, externalLoader, scripts } = options
  return {
    programmer: programmer === true ? '' : programmer,
    slots,
    boards,
    externalLoader,
    scripts,
  }
}

/** @throws CliError `CLI_USAGE` */
function requireRealTime({ programmer, fast }: ProvisionOptions): void {
  if (programmer === undefined || fast !== true) return
  throw new CliError(
    'CLI_USAGE',
    '--fast is for simulated boards, and --programmer names real ones',
  )
}

function isForAnyDevices(loaded: LoadedOrder | LoadedDeviceOrder): loaded is LoadedDeviceOrder {
  return isForDevices(loaded.prepared)
}

function names(text: string): readonly string[] {
  return text.split(',')
}

/** What ST's JSON does not say: an id of its content, the quantity, and the example images. */
export async function stDefaults(path: string, quantity: number): Promise<StOrderDefaults> {
  const content = await readFile(path).catch(() => new Uint8Array())
  const id = `st-${createHash('sha256').update(content).digest('hex').slice(0, 8)}-${quantity}`
  return { id, quantity, images: await exampleImages() }
}

async function linePki(options: ProvisionOptions, folder: string): Promise<LinePki> {
  const pki = options.pki ?? folder
  using passphrase = await passphraseOf(pki, options.passphraseFile)
  return await openPki(pki, passphrase)
}

async function remoteIssuer(
  { passphraseFile, credentials, paa, pai }: ProvisionOptions,
  address: IssuerAddress,
  around: Pick<OpenIssuerOptions, 'order' | 'clock' | 'onWarning'>,
): Promise<RemoteIssuer> {
  using passphrase = await readOptionalPassphrase(passphraseFile)
  return await openIssuer({ ...around, address, credentials, paa, pai, passphrase })
}
