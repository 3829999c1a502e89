import { BytesError, throwIfInterrupted } from '@keyline/bytes'
import { packLength } from '@keyline/psa'
import { BoardError } from '../errors.ts'
import type { Board } from '../mcu/board.ts'

export interface BenchCallOptions {
  readonly signal?: AbortSignal | undefined
  /** Connects with a pulse on the reset line: the firmware starts anew. */
  readonly underReset?: boolean | undefined
  /** True: the call opens RDP level 2, so it reaches a target at that level. */
  readonly opensLevel2?: boolean | undefined
  /** External loader, by name or file; needed for addresses in external memory. */
  readonly loader?: string | undefined
}

export interface DownloadOptions extends BenchCallOptions {
  /** True: the touched pages are not erased first. */
  readonly skipErase?: boolean | undefined
  /** False: what was programmed is not read back. */
  readonly verify?: boolean | undefined
  /** Told when all octets are programmed, before they are verified. */
  readonly onProgrammed?: (() => void) | undefined
}

/** Octets that are erased, programmed or read in one go, so that a cut leaves a half-written flash. */
const sliceLength = 65_536

/**
 * The debug probe of one slot: the acts of the programmer on the board that is plugged in.
 * One call at a time; each call connects anew and takes the times of the part.
 */
export class ProbeSession {
  readonly #serialNumber: string
  #isHeld = false

  constructor(serialNumber: string) {
    this.#serialNumber = serialNumber
  }

  /** Whether the probe is on the USB bus; each question counts as a programmer call. */
  isConnected(board: Board): boolean {
    return !board.faults.strikes('no-probe')
  }

  /** @throws BoardError `BOARD_PROBE_BUSY`, `BOARD_NO_PROBE`, `BOARD_NO_TARGET` */
  async call<T>(board: Board, options: BenchCallOptions, act: () => Promise<T>): Promise<T> {
    if (this.#isHeld) {
      throw new BoardError('BOARD_PROBE_BUSY', `the probe ${this.#serialNumber} is in use`, {
        details: { class: 'no-probe' },
      })
    }
    this.#isHeld = true
    try {
      throwIfInterrupted(options.signal)
      await this.#connect(board, options)
      return await act()
    } finally {
      this.#isHeld = false
    }
  }

  async #connect(board: Board, options: BenchCallOptions): Promise<void> {
    const { faults } = board
    const { signal, underReset = false, opensLevel2 = false } = options
    if (!this.isConnected(board)) {
      throw noProbe(`the probe ${this.#serialNumber} is not connected`)
    }
    if (faults.strikes('programmer-hangs')) await interrupted(signal)
    if (underReset && board.isPowered) board.reset()
    await board.take(board.part.times.connectMs, signal)
    const isOnce = faults.strikes('no-target-once')
    const isGone = faults.strikes('no-target')
    const isLocked = board.options.rdp === 2 && !opensLevel2
    if (isOnce || isGone || isLocked || !board.isPowered) {
      throw new BoardError(
        'BOARD_NO_TARGET',
        `the probe ${this.#serialNumber} does not reach its target`,
        { details: { class: 'no-target' } },
      )
    }
  }
}

/** Octets for an address. */
export interface Download {
  readonly address: number
  readonly octets: Uint8Array
}

/** Erases the touched pages, programs and verifies; the core stands still until the next reset. */
export async function programFlash(
  board: Board,
  { address, octets }: Download,
  options: DownloadOptions = {},
): Promise<void> {
  const { flash, faults, part } = board
  const { skipErase = false, verify = true, signal } = options
  const { programOctetMs, readOctetMs } = part.times
  flash.requireProgrammable(address, octets.length)
  requireLoader(board, address, options.loader)
  board.halt()
  if (faults.strikes('write-protected')) {
    throw new BoardError('BOARD_PROTECTED', `the flash at ${hex(address)} is write-protected`, {
      details: { class: 'protection', address },
    })
  }
  board.access.requireWritable({ address, length: octets.length })
  if (faults.strikes('erase-fails')) throw eraseFailed(address)
  if (!skipErase) await erasePages(board, { address, length: octets.length }, signal)
  const isLost = faults.strikes('probe-lost')
  for (const slice of slices(octets)) {
    if (isLost && slice.offset + slice.octets.length > octets.length / 2) {
      throw noProbe(`the probe was lost when it programmed ${hex(address + slice.offset)}`)
    }
    flash.program(address + slice.offset, slice.octets)
    await board.take(slice.octets.length * programOctetMs, signal)
  }
  if (faults.strikes('verify-mismatch')) flash.flipBit(address + octets.length - 1)
  options.onProgrammed?.()
  if (verify) {
    await board.take(octets.length * readOctetMs, signal)
    requireHeld(board, { address, octets })
  }
  if (faults.strikes('image-corrupted')) flash.flipBit(address)
  if (faults.strikes('power-lost')) board.isPowered = false
}

export interface FlashRange {
  readonly address: number
  readonly length: number
}

/** The unique id as the debug port reads it. */
export function readUid({ uid, faults }: Board): Uint8Array {
  return faults.strikes('uid-changes') ? uid.toReversed() : Uint8Array.from(uid)
}

interface SystemArea {
  readonly address: number
  readonly size: number
  readonly read: () => Uint8Array
}

/** What any debugger may read outside of the flash: the unique id, the certificate parts of a device key. */
function systemAreas(board: Board): readonly SystemArea[] {
  const { part, uid, deviceChip } = board
  const unique = { address: part.uidAddress, size: uid.length, read: () => readUid(board) }
  if (deviceChip === undefined) return [unique]
  const { pack1, pack2 } = deviceChip.area.systemFlash
  return [
    unique,
    { address: pack1, size: packLength, read: () => deviceChip.pack('pack1') },
    { address: pack2, size: packLength, read: () => deviceChip.pack('pack2') },
  ]
}

/** Reads flash, the unique id or system flash. @throws BoardError `BOARD_ADDRESS`, `BOARD_LOADER`, `BOARD_PROTECTED` */
export async function readFlash(
  board: Board,
  range: FlashRange,
  options: BenchCallOptions = {},
): Promise<Uint8Array> {
  for (const { address, size, read } of systemAreas(board)) {
    const from = range.address - address
    const end = from + range.length
    if (from >= 0 && end <= size) return read().slice(from, end)
  }
  const octets = board.flash.read(range.address, range.length)
  requireLoader(board, range.address, options.loader)
  board.access.requireReadable(range)
  await board.take(range.length * board.part.times.readOctetMs, options.signal)
  return board.access.hide(range, octets)
}

/** Erases every page that a range touches. @throws BoardError `BOARD_PROTECTED` */
export async function erasePages(
  board: Board,
  { address, length }: FlashRange,
  signal?: AbortSignal,
): Promise<void> {
  board.access.requireWritable({ address, length })
  for (let done = 0; done < length; done += sliceLength) {
    const pages = board.flash.erase(address + done, Math.min(sliceLength, length - done))
    await board.take(pages * board.part.times.erasePageMs, signal)
  }
}

/** Erases the internal flash. @throws BoardError `BOARD_PROTECTED` where a page is protected */
export async function massErase(board: Board, signal?: AbortSignal): Promise<void> {
  const { flash, part, options } = board
  const { base, size } = part.flash
  if (board.faults.strikes('erase-fails')) throw eraseFailed(base)
  if (options.rdp !== 0) board.access.requireReadable({ address: base, length: 1 })
  board.access.requireUnlocked()
  board.halt()
  flash.internal.eraseAll()
  await board.take((size / part.flash.pageSize) * part.times.erasePageMs, signal)
}

function requireHeld({ flash }: Board, { address, octets }: Download): void {
  if (flash.holds(address, octets)) return
  const present = flash.read(address, octets.length)
  const offset = octets.findIndex((octet, index) => octet !== present[index])
  throw new BoardError('BOARD_VERIFY', `the flash from ${hex(address)} differs from the file`, {
    details: {
      class: 'verify',
      address: address + offset,
      found: present[offset] ?? 0,
      wanted: octets[offset] ?? 0,
    },
  })
}

function requireLoader({ flash, part, faults }: Board, address: number, loader?: string): void {
  if (flash.external?.contains(address) !== true) return
  const name = loader?.replace(/^.*[\\/]/, '').replace(/\.stldr$/i, '')
  const isRight = name === part.external?.loader
  if (isRight && !faults.strikes('loader-fails')) return
  const message =
    name === undefined
      ? `${hex(address)} is external memory: it needs an external loader`
      : `the external loader ${name} does not initialise on ${part.boardName}`
  throw new BoardError('BOARD_LOADER', message, { details: { class: 'loader', address } })
}

function eraseFailed(address: number): BoardError {
  return new BoardError('BOARD_ERASE', `the flash at ${hex(address)} cannot be erased`, {
    details: { class: 'erase', address },
  })
}

function noProbe(message: string): BoardError {
  return new BoardError('BOARD_NO_PROBE', message, { details: { class: 'no-probe' } })
}

interface Slice {
  readonly offset: number
  readonly octets: Uint8Array
}

function* slices(octets: Uint8Array): Generator<Slice> {
  for (let offset = 0; offset < octets.length; offset += sliceLength) {
    yield { offset, octets: octets.subarray(offset, offset + sliceLength) }
  }
}

/** Never returns: ends with the signal alone. */
export function interrupted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener(
      'abort',
      () => {
        const reason: unknown = signal.reason
        reject(
          reason instanceof Error
            ? reason
            : new BytesError('INTERRUPTED', 'the programmer call was interrupted'),
        )
      },
      { once: true },
    )
  })
}

function hex(address: number): string {
  return `0x${address.toString(16).toUpperCase().padStart(8, '0')}`
}
