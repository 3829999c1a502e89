import type { Clock } from '@keyline/bytes'
import { BoardError } from '../errors.ts'
import type { Bench } from '../bench/bench.ts'
import type { Board } from '../mcu/board.ts'
import type { Operation } from './operation.ts'

/** The world around a call of the programmer. */
export interface ProgrammerInput {
  readonly bench: Bench
  readonly clock: Clock
  /** Words of the command line, without the name of the program. */
  readonly argv: readonly string[]
  readonly write: (text: string) => void
  /** @throws when the file cannot be read */
  readonly readFile: (path: string) => Promise<Uint8Array>
  readonly writeFile: (path: string, octets: Uint8Array) => Promise<void>
  /** Ends the call wherever it is, as a killed process ends. */
  readonly signal?: AbortSignal | undefined
}

/** One target for all commands of a call. */
export interface Session extends Pick<
  ProgrammerInput,
  'clock' | 'readFile' | 'writeFile' | 'signal'
> {
  readonly board: Board
  readonly operations: readonly Operation[]
  readonly print: (text: string) => void
  /** An error line that does not end the call. */
  readonly fail: (error: unknown) => void
}

/** A file that a command names. @throws BoardError `BOARD_IMAGE` */
export async function fileOf({ readFile, clock }: Session, path: string): Promise<Uint8Array> {
  try {
    return await clock.during(() => readFile(path))
  } catch (cause) {
    throw new BoardError('BOARD_IMAGE', `File does not exist: ${path}`, { cause })
  }
}
