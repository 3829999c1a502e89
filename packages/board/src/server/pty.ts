import type { ReadStream } from 'node:tty'
import { BoardError } from '../errors.ts'

/** One end of a pseudo-terminal; the other end is a tty that a serial library opens. */
export interface Pty {
  /** Path of the tty, for instance `/dev/pts/3`. */
  readonly path: string
  listen(onReceived: (octets: Uint8Array) => void): void
  /** Octets that nobody reads are lost beyond what a receive buffer holds. */
  write(octets: Uint8Array): void
  close(): void
}

/** The part of node-pty that its types leave out: a pair without a process. */
interface PtyModule {
  open(options: { readonly cols: number; readonly rows: number; readonly encoding: null }): {
    readonly _pty: string
    readonly _master: ReadStream & NodeJS.WritableStream & { readonly writableLength: number }
    readonly _slave: ReadStream
  }
}

const capacity = 65_536

/**
 * Opens a pseudo-terminal in raw mode.
 * @param load gives node-pty, which is optional
 * @throws BoardError `BOARD_PTY`
 */
export async function openPty(
  load: () => Promise<unknown> = () => import('node-pty'),
): Promise<Pty> {
  try {
    const pair = ptyModuleOf(await load()).open({ cols: 80, rows: 24, encoding: null })
    const { _pty: path, _master: master, _slave: slave } = pair
    slave.setRawMode(true)
    slave.pause()
    master.on('error', ignore)
    slave.on('error', ignore)
    return {
      path,
      listen: (onReceived) => {
        master.on('data', (octets: Uint8Array) => onReceived(Uint8Array.from(octets)))
      },
      write: (octets) => {
        if (master.writableLength + octets.length <= capacity) master.write(octets)
      },
      close: () => {
        master.destroy()
        slave.destroy()
      },
    }
  } catch (cause) {
    throw new BoardError('BOARD_PTY', 'node-pty cannot open a pseudo-terminal', { cause })
  }
}

/** A tty whose other end has gone reports it by its end. */
function ignore(): void {}

function ptyModuleOf(loaded: unknown): PtyModule {
  if (isPtyModule(loaded)) return loaded
  const inner = typeof loaded === 'object' && loaded !== null && 'default' in loaded
  if (inner && isPtyModule(loaded.default)) return loaded.default
  throw new TypeError('node-pty has no open()')
}

function isPtyModule(value: unknown): value is PtyModule {
  return (
    typeof value === 'object' &&
    value !== null &&
    'open' in value &&
    typeof value.open === 'function'
  )
}
