import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { SlotFault } from '@keyline/board'
import { systemRandom, type Clock } from '@keyline/bytes'
import { keyPairSigner } from '@keyline/crypto'
import { createPki } from '@keyline/issuer'
import {
  loadOrder,
  type JournalOptions,
  type LoadedOrder,
  type RunSummary,
  type StationEvent,
  type StationParts,
} from '@keyline/station'
import {
  clockOf,
  openStation,
  runOrder,
  type LinePki,
  type OpenStation,
  type RemoteIssuer,
  type RunOrderOptions,
} from '@keyline/cli/wiring'

export const examples = resolve(import.meta.dirname, '../../examples')

let sharedPki: Promise<LinePki> | undefined

/** A PKI on the public test vendor id, made once in a process; its keys never touch a disk. */
export function testPki(): Promise<LinePki> {
  sharedPki ??= makePki()
  return sharedPki
}

async function makePki(): Promise<LinePki> {
  const notBefore = new Date(Date.UTC(2026, 0, 1))
  const { paa, pai } = await createPki({ vendorId: 0xfff1, notBefore, random: systemRandom })
  return { paa: paa.certificate, pai: pai.certificate, signer: keyPairSigner(pai.keyPair) }
}

/** An empty folder that is removed when the returned value is disposed. */
export async function temporaryFolder(
  name = 'keyline',
  parent = tmpdir(),
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(parent, `${name}-`))
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

export interface OrderChanges {
  readonly id?: string
  readonly quantity?: number
  readonly certificateLimit?: number
  readonly pool?: string
}

/** The example work order with changes, its files named absolutely. Returns its path. */
export async function writeOrder(folder: string, changes: OrderChanges = {}): Promise<string> {
  const { id = 'order-1', quantity = 1, pool = 'test' } = changes
  const order: unknown = JSON.parse(await readFile(join(examples, 'work-order.json'), 'utf8'))
  if (typeof order !== 'object' || order === null) throw new Error('the example order is no object')
  const image = async (name: string): Promise<object> => {
    const file = join(examples, name)
    return {
      file,
      sha256: createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
    }
  }
  const changed = {
    ...order,
    id,
    quantity,
    certificateLimit: changes.certificateLimit ?? quantity + 4,
    serialNumbers: { pool, pattern: 'T-{######}' },
    certificationDeclaration: await image('certification-declaration.der'),
    images: {
      provisioning: {
        ...(await image('images/stm32wba65-provisioning-x1.bin')),
        address: 0x0800_0000,
      },
      application: { ...(await image('images/stm32wba65-application.bin')), address: 0x0800_0000 },
    },
  }
  const path = join(folder, `${id}.json`)
  await writeFile(path, JSON.stringify(changed))
  return path
}

export interface LineRunOptions extends OrderChanges {
  /** Folder that holds home, order and results. Kept from run to run. */
  readonly folder: string
  readonly slots?: number
  readonly resume?: boolean
  readonly faults?: readonly SlotFault[]
  /** Boards that do not outlive the process. */
  readonly boardsInMemory?: boolean
  readonly clock?: Clock
  readonly signal?: AbortSignal
  /** Certificates and key of the line; those of {@link testPki} unless given. */
  readonly pki?: LinePki | RemoteIssuer
  /** `postgres://…`; SQLite in the folder unless given. */
  readonly ledger?: string
  readonly atJournalPoint?: JournalOptions['atPoint']
  readonly decorate?: (parts: StationParts) => StationParts
  readonly onEvent?: (event: StationEvent) => void
  /** What a run of the line takes beside that: slots, labels, rules. */
  readonly run?: Pick<
    RunOrderOptions,
    'onlyOpen' | 'binding' | 'locate' | 'lockFolder' | 'stopAfter' | 'labels' | 'openBoards'
  >
}

export interface LineRun {
  readonly summary: RunSummary
  readonly events: readonly StationEvent[]
  readonly loaded: LoadedOrder
  /** Folder of the results of the order. */
  readonly results: string
}

export const homeOf = (folder: string): string => join(folder, 'home')

/** Opens the station of a test folder, for a look into its ledger. */
export function openTestStation(folder: string, ledger?: string): Promise<OpenStation> {
  return openStation({ home: homeOf(folder), policy: 'test', ledger })
}

/** Runs an order on the simulated bench in this process, in virtual time unless a clock is given. */
export async function runTestLine(options: LineRunOptions): Promise<LineRun> {
  const { folder, slots = 1 } = options
  const path = await writeOrder(folder, options)
  const loaded = await loadOrder(path, {
    id: 'unused',
    quantity: 1,
    images: {
      provisioning: { file: '', sha256: '', address: 0 },
      application: { file: '', sha256: '', address: 0 },
    },
  })
  const clock = options.clock ?? clockOf(true)
  const events: StationEvent[] = []
  const results = join(folder, 'results', loaded.prepared.order.id)
  const station = await openStation({
    home: homeOf(folder),
    policy: 'test',
    clock,
    ledger: options.ledger,
  })
  try {
    const summary = await runOrder({
      station,
      loaded,
      pki: options.pki ?? (await testPki()),
      slots,
      resume: options.resume ?? false,
      results,
      clock,
      signal: options.signal ?? new AbortController().signal,
      faults: options.faults,
      boardsInMemory: options.boardsInMemory,
      atJournalPoint: options.atJournalPoint,
      decorate: options.decorate,
      ...options.run,
      onEvent: (event) => {
        events.push(event)
        options.onEvent?.(event)
      },
    })
    return { summary, events, loaded, results }
  } finally {
    await station.close()
  }
}
