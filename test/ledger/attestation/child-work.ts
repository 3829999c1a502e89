import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { LedgerLocation } from '@keyline/ledger'
import { bundledProgram } from '../../support/bundled-program.ts'

/** What another process does with the record. */
export type ChildWork = { readonly database: LedgerLocation } & (
  | {
      readonly work: 'claim'
      readonly sessions: readonly string[]
      /** Milliseconds since 1970. */
      readonly now: number
      /** Hash of its submissions. */
      readonly requestHash: string
    }
  | { readonly work: 'import'; readonly tenant: string }
)

/** A process that prints a line for each act that was acknowledged. */
export interface WorkingChild {
  readonly process: ChildProcess
  readonly lines: AsyncIterable<string>
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

const program = await bundledProgram(join(import.meta.dirname, 'child.ts'))

/** Lines: `ready`, then `got <session>`, or `placed <devices>` while an import goes on. */
export function startWork(work: ChildWork): WorkingChild {
  const child = spawn(process.execPath, [program, JSON.stringify(work)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  return {
    process: child,
    lines: createInterface({ input: child.stdout }),
    ended: new Promise((resolve) => {
      child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'))
    }),
  }
}
