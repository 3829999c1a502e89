import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { LedgerLocation } from '@keyline/ledger'

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

/** Lines of the child: `unit <id> <serial number>`, `certificate <key>`, `verdict <id>`, `refused <code>`. */
export function startChild(work: LedgerWork): LedgerChild {
  const file = fileURLToPath(new URL('ledger-child.ts', import.meta.url))
  const args = ['--conditions=source', '--import', 'tsx', file, JSON.stringify(work)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return {
    process: child,
    lines: createInterface({ input: child.stdout }),
    ended: new Promise((resolve) => {
      child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'))
    }),
  }
}
