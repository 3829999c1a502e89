import { PsaError, type RsseExport, type RsseExportOptions } from '@keyline/psa'
import { BoardError } from '../errors.ts'
import type { Board } from '../mcu/board.ts'
import { interrupted } from './probe.ts'

/**
 * Lets the RSSe-KW service wrap a key for the chip in its present state (attestation chapter 6). The service runs from
 * RAM, so that the core stands still afterwards until the next reset.
 * @throws BoardError `BOARD_RSSE`
 */
export async function exportWrappedKey(
  board: Board,
  options: RsseExportOptions,
  signal?: AbortSignal,
): Promise<RsseExport> {
  const { deviceChip, faults, part } = board
  if (deviceChip === undefined) {
    throw new BoardError('BOARD_RSSE', 'RSSe-KW is not supported by this device')
  }
  board.halt()
  if (faults.strikes('rsse-stuck')) await interrupted(signal)
  await board.take(part.times.keyGenerationMs, signal)
  try {
    return deviceChip.export(options)
  } catch (cause) {
    if (!(cause instanceof PsaError)) throw cause
    throw new BoardError('BOARD_RSSE', cause.message, { cause })
  }
}
