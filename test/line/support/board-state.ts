import { createECDH, X509Certificate } from 'node:crypto'
import { magicTrailer, type Board, type BootOutcome, type KeyPlace } from '@keyline/board'
import { seededRandom, toHex } from '@keyline/bytes'
import { decodeImage } from '@keyline/matter'
import { slotsOf, type FlowCase, type FlowRun } from './flow-line.ts'

/** Where a board keeps what it runs. */
export function runningAddress(flow: FlowCase): number {
  return slotsOf(flow)?.primary ?? 0x0800_0000
}

/** What a board holds and runs; what its part does not have is absent. */
export interface BoardState {
  readonly running: Pick<NonNullable<Board['running']>, 'kind' | 'version'> | undefined
  readonly boot: BootOutcome | undefined
  readonly keyPlace: KeyPlace
  readonly isKeyInFactoryData: boolean
  readonly dac: Uint8Array | undefined
  /** As many octets as the application has, from where it runs. */
  readonly application: Uint8Array
  readonly trailer: Uint8Array | undefined
  readonly rdp: number
  readonly trustZone: number | undefined
  readonly bootLock: number | undefined
  readonly hidden: number | undefined
  readonly bootFromPin: number | undefined
  readonly coprocessor: string | undefined
  readonly isCustomerKeyWritten: boolean | undefined
}

/** What stands in the flash of a board and in its option bytes, read from the model. */
export function stateOf(board: Board, flow: FlowCase, applicationLength: number): BoardState {
  const { factoryDataAddress, size } = board.part.factoryData
  const { data } = decodeImage(board.flash.read(factoryDataAddress, size))
  const slot = slotsOf(flow)
  const option = (name: string): number | undefined =>
    board.options.has(name) ? board.options.value(name) : undefined
  return {
    running: board.running && { kind: board.running.kind, version: board.running.version },
    boot: board.bootOutcome,
    keyPlace: board.keyPlace,
    isKeyInFactoryData: data.dacPrivateKey !== undefined,
    dac: data.dacCertificate,
    application: board.flash.read(runningAddress(flow), applicationLength),
    trailer:
      slot === undefined
        ? undefined
        : board.flash.read(slot.secondary + slot.size - magicTrailer.length, magicTrailer.length),
    rdp: board.options.rdp,
    trustZone: option('TZEN'),
    bootLock: option('BOOT_LOCK'),
    hidden: option('HDP1EN'),
    bootFromPin: option('nSWBOOT0'),
    coprocessor: board.coprocessor?.version,
    isCustomerKeyWritten: board.customerKeys?.isWritten(1),
  }
}

/**
 * The scalar of a board with the fault `cloned-key`, which draws its key from a generator that is known here.
 * @param seed of the bench
 */
export function clonedScalar(seed: string, dac: Uint8Array): Buffer {
  const wanted = publicPoint(dac)
  const random = seededRandom(`${seed}/shared`)
  for (let draw = 0; draw < 8; draw++) {
    const scalar = Buffer.from(random.bytes(32))
    const ecdh = createECDH('prime256v1')
    ecdh.setPrivateKey(scalar)
    if (ecdh.getPublicKey('hex') === wanted) return scalar
  }
  throw new Error('the key of the board was drawn elsewhere')
}

function publicPoint(dac: Uint8Array): string {
  const spki = new X509Certificate(dac).publicKey.export({ type: 'spki', format: 'der' })
  return toHex(spki.subarray(-65))
}

/** Every octet that the debug port gives of a board: through each alias, with its loader. */
export async function readableFlash({ bench, programmer }: FlowRun): Promise<Buffer> {
  const { part } = bench.board(1)
  const pieces: Uint8Array[] = []
  for (const geometry of [part.flash, part.external?.flash]) {
    if (geometry === undefined) continue
    const step = geometry.pageSize
    for (let offset = 0; offset < geometry.size; offset += step) {
      for (const base of [geometry.base, ...geometry.aliases]) {
        const octets = await programmer
          .read('SIM000000001', base + offset, step)
          .catch(() => undefined)
        if (octets !== undefined) pieces.push(octets)
      }
    }
  }
  return Buffer.concat(pieces)
}
