import { BytesError, throwIfInterrupted } from '@keyline/bytes'
import { BoardError } from '../errors.ts'
import type { Board } from '../mcu/board.ts'

export interface BenchCallOptions {
  readonly signal?: AbortSignal | undefined
  /** Connects with a pulse on the reset line: the firmware starts anew. */
  readonly underReset?: boolean | undefined
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
    const { signal, underReset = false } = options
    if (!this.isConnected(board)) {
      throw noProbe(`the probe ${this.#serialNumber} is not connected`)
    }
    if (faults.strikes('programmer-hangs')) await interrupted(signal)
    if (underReset) board.reset()
    await board.take(board.part.times.connectMs, signal)
    const isOnce = faults.strikes('no-target-once')
    const isGone = faults.strikes('no-target')
    if (isOnce || isGone) {
      throw new BoardError(
        'BOARD_NO_TARGET',
        `the probe ${this.#serialNumber} does not reach its target`,
        { details: { class: 'no-target' } },
      )
    }
  }
}

/** Erases the touched pages, programs and verifies; the core stands still until the next reset. */
export async function programFlash(
  board: Board,
  address: number,
  octets: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { flash, faults, part } = board
  const { erasePageMs, programOctetMs, readOctetMs } = part.times
  flash.requireProgrammable(address, octets.length)
  board.halt()
  if (faults.strikes('write-protected')) {
    throw new BoardError('BOARD_PROTECTED', `the flash at ${hex(address)} is write-protected`, {
      details: { class: 'protection', address },
    })
  }
  for (const slice of slices(octets)) {
    const pages = flash.erase(address + slice.offset, slice.octets.length)
    await board.take(pages * erasePageMs, signal)
  }
  const isLost = faults.strikes('probe-lost')
  for (const slice of slices(octets)) {
    if (isLost && slice.offset + slice.octets.length > octets.length / 2) {
      throw noProbe(`the probe was lost when it programmed ${hex(address + slice.offset)}`)
    }
    flash.program(address + slice.offset, slice.octets)
    await board.take(slice.octets.length * programOctetMs, signal)
  }
  if (faults.strikes('verify-mismatch')) flash.flipBit(address + octets.length - 1)
  await board.take(octets.length * readOctetMs, signal)
  if (!flash.holds(address, octets)) {
    throw new BoardError('BOARD_VERIFY', `the flash from ${hex(address)} differs from the file`, {
      details: { class: 'verify', address },
    })
  }
  if (faults.strikes('image-corrupted')) flash.flipBit(address)
}

/** @throws BoardError `BOARD_ADDRESS` */
export async function readFlash(
  board: Board,
  address: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const octets = board.flash.read(address, length)
  await board.take(length * board.part.times.readOctetMs, signal)
  return octets
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
function interrupted(signal: AbortSignal | undefined): Promise<never> {
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
