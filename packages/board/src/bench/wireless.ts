import { BoardError } from '../errors.ts'
import { readFirmwareHeader } from '../image/firmware-image.ts'
import type { Board } from '../mcu/board.ts'
import type { Coprocessor } from '../mcu/coprocessor.ts'

/** Version of an image that does not name its own. */
const unnamedVersion = '1.20.0'

/** The helper that the programmer loads over the start of the user flash. */
const helper = new Uint8Array(64).fill(0x4b)

/** @throws BoardError `BOARD_COPROCESSOR` for a part without one */
export function coprocessorOf({ coprocessor }: Board): Coprocessor {
  if (coprocessor !== undefined) return coprocessor
  throw new BoardError('BOARD_COPROCESSOR', 'wireless services are not supported by this device')
}

/** Starts the wireless stack; the first pages of the user flash are lost. @throws BoardError `BOARD_COPROCESSOR` */
export function startWirelessStack(board: Board): void {
  const coprocessor = coprocessorOf(board)
  loadHelper(board, coprocessor)
  coprocessor.startStack()
}

export interface CoprocessorUpgrade {
  readonly address: number
  readonly image: Uint8Array
  /** Starts the stack afterwards. */
  readonly startsStack: boolean
}

/**
 * Upgrades the wireless stack; the first pages of the user flash are lost.
 * @throws BoardError `BOARD_COPROCESSOR` unless nSWBOOT0 is 0 and the update service is started
 */
export async function upgradeCoprocessor(
  board: Board,
  { address, image, startsStack }: CoprocessorUpgrade,
  signal?: AbortSignal,
): Promise<void> {
  const coprocessor = coprocessorOf(board)
  const { flash, part, options } = board
  if (new Map(options.programmed()).get('nSWBOOT0') !== 0) {
    throw new BoardError('BOARD_COPROCESSOR', 'the update service starts with nSWBOOT0 0 alone')
  }
  coprocessor.beginUpgrade(address, image.length)
  loadHelper(board, coprocessor)
  const pages = flash.erase(address, image.length)
  await board.take(pages * part.times.erasePageMs, signal)
  flash.program(address, image)
  await board.take(image.length * part.times.programOctetMs, signal)
  const version = readFirmwareHeader(image)?.version ?? unnamedVersion
  coprocessor.endUpgrade(version, startsStack)
}

function loadHelper(board: Board, { area }: Coprocessor): void {
  const { base } = board.part.flash
  board.halt()
  board.flash.erase(base, area.destroys)
  board.flash.program(base, helper)
}
