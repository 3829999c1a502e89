import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import type { LedgerLocation } from '@keyline/ledger'
import { bundledProgram } from '../../support/bundled-program.ts'

/** A second process with a ledger of its own, that prints a line for each act that was acknowledged. */
export interface LedgerChild {
  readonly process: ChildProcess
  readonly lines: AsyncIterable<string>
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

export interface LedgerWork {
  readonly database: LedgerLocation
  readonly orderId: string
  /** Seed of the values it draws: each child has its own. */
  readonly seed: string
  /** Most units it makes. */
  readonly units: number
}

const program = await bundledProgram(join(import.meta.dirname, 'ledger-child.ts'))

/** Lines of the child: `unit <id> <serial number>`, `certificate <key>`, `verdict <id>`, `refused <code>`. */
export function startChild(work: LedgerWork): LedgerChild {
  const child = spawn(process.execPath, [program, JSON.stringify(work)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return {
    process: child,
    lines: createInterface({ input: child.stdout }),
    ended: new Promise((resolve) => {
      child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'))
    }),
  }
}
