import { withDeadline, type Clock } from '@keyline/bytes'
import type { Platform } from '../part/part-table.ts'
import type { ScriptName, ScriptSecurity } from '../script/script-table.ts'
import type { BenchProgrammer } from './bench-programmer.ts'

export interface BenchScriptsOptions {
  readonly programmer: BenchProgrammer
  readonly clock: Clock
  readonly platform: Platform
  readonly security: ScriptSecurity
  /** Signed provisioning firmware in place of the one that the bench brings. */
  readonly firmware?: Uint8Array | undefined
}

/** Watchdog of a script, milliseconds. Source: provisioning-station section 4.4. */
const scriptMs = 120_000

/** The platform scripts of a bench. They address their probe, so that many run at the same time. */
export class BenchScripts {
  readonly #options: BenchScriptsOptions

  constructor(options: BenchScriptsOptions) {
    this.#options = options
  }

  /** @throws BoardError `BOARD_SCRIPT`, BytesError `DEADLINE_PASSED` or `INTERRUPTED` */
  async run(
    probe: string,
    script: ScriptName,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    const { programmer, clock, platform, security, firmware } = this.#options
    const deadline = { clock, ms: scriptMs, what: `the script ${script}`, signal }
    await withDeadline(deadline, (inner) =>
      programmer.runScript({ probe, script, platform, security, firmware, signal: inner }),
    )
  }
}
