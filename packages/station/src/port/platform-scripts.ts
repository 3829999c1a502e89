import type { ScriptName } from '../gen-factory-data/plan.ts'
import type { CallOptions } from './programmer.ts'

/** The scripts of X-CUBE-MATTER that prepare a board with a boot loader. Source: provisioning-station section 5.7. */
export interface PlatformScripts {
  /**
   * Runs one script with `AUTO` for the board of a probe. Scripts take turns by themselves; the one question that may
   * come, for the read-out protection, is answered 0.
   * @throws an error whose fault is not the board, when the script fails, hangs or asks anything else
   */
  run(probe: string, script: ScriptName, options?: Pick<CallOptions, 'signal'>): Promise<void>
}
