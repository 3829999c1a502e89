import { openPty, type Pty } from '../../../packages/board/src/server/pty.ts'

const lineFeed = 0x0a
const turns = 20

/**
 * A tty whose first octets reach whoever opens it: the other end of the pair is held in this process too, and takes
 * what comes first.
 */
export async function openTty(): Promise<Pty> {
  const pty = await openPty()
  pty.write(Uint8Array.of(lineFeed))
  for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
  return pty
}
