import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { readBoards, type BoardFlash } from './board-flash.ts'
import { readJournalLines, type JournalContent } from './journal-lines.ts'
import { readLedgerFile, type LedgerContent, type OrderRow } from './ledger-file.ts'
import { readResults, type OrderResults } from './results-folder.ts'

/** All that a station leaves behind. */
export interface Outputs {
  readonly ledger: LedgerContent
  readonly journal: JournalContent
  readonly boards: readonly BoardFlash[]
  /** Faults that a rehearsal put into its boards; absent where nobody wrote them down. */
  readonly injected: readonly InjectedFault[] | undefined
  /** By the id of the order. */
  readonly results: ReadonlyMap<string, OrderResults>
}

export interface OutputFolders {
  /** Folder of the station: `ledger.db`, `journal`, `bench`. */
  readonly home: string
  /** Folder with one results folder per order. */
  readonly results: string
}

export function readOutputs({ home, results }: OutputFolders): Outputs {
  const orders = existsSync(results) ? readdirSync(results) : []
  return {
    ledger: readLedgerFile(join(home, 'ledger.db')),
    journal: readJournalLines(join(home, 'journal', 'journal.jsonl')),
    boards: readBoards(join(home, 'bench')),
    injected: readInjected(join(home, 'injected.json')),
    results: new Map(orders.map((order) => [order, readResults(join(results, order))])),
  }
}

const InjectedFault = z.object({ slot: z.number(), board: z.number(), name: z.string() })
export type InjectedFault = z.infer<typeof InjectedFault>

function readInjected(file: string): readonly InjectedFault[] | undefined {
  if (!existsSync(file)) return undefined
  return z.array(InjectedFault).parse(JSON.parse(readFileSync(file, 'utf8')))
}

const OrderDocument = z.object({
  policy: z.enum(['test', 'production']),
  platform: z.enum(['wba', 'u5', 'wb55', 'u3']),
  security: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  mode: z.enum(['test', 'production']).optional(),
  rdp: z.number().optional(),
  attestation: z.object({ required: z.boolean() }).optional(),
  /** Of Matter devices, as their factory data. */
  product: z.object({ vendorId: z.number(), productId: z.number() }).optional(),
  factoryDataAddress: z.number().optional(),
  images: z.object({
    application: z.object({ file: z.string(), sha256: z.string(), address: z.number() }),
  }),
})
export type OrderDocument = z.infer<typeof OrderDocument>

/** The work order as the ledger recorded it. */
export function orderDocument(order: OrderRow): OrderDocument {
  return OrderDocument.parse(JSON.parse(order.document))
}

/** The factory data on the board of a unit. */
export function recordsOf(outputs: Outputs, board: BoardFlash): ReadonlyMap<number, Uint8Array> {
  for (const order of outputs.ledger.orders) {
    const { factoryDataAddress: address } = orderDocument(order)
    const records = address === undefined ? new Map() : board.records(address)
    if (records.size > 0) return records
  }
  return new Map()
}

/** Faults after which the flash of a board is not as it was written. */
const corrupting: ReadonlySet<string> = new Set([
  'flash-bit-flip',
  'image-corrupted',
  'record-zero-length',
  'record-oversized',
])

/** Whether a rehearsal changed the flash of the board behind everybody's back. */
export function isCorrupted(outputs: Outputs, board: BoardFlash): boolean {
  return injectedInto(outputs, board).some(({ name }) => corrupting.has(name))
}

/** Whether a rehearsal let the board answer under a name that no board has. */
export function isDisguised(outputs: Outputs, board: BoardFlash): boolean {
  return injectedInto(outputs, board).some(({ name }) => name === 'uid-changes')
}

/** What a rehearsal put into a board. */
export function injectedInto(
  { injected = [] }: Outputs,
  { slot, ordinal }: BoardFlash,
): readonly InjectedFault[] {
  return injected.filter((fault) => fault.slot === slot && fault.board === ordinal)
}
