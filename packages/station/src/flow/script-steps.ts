import { StationError } from '../errors.ts'
import type { ScriptName } from '../gen-factory-data/plan.ts'
import type { PlatformScripts } from '../port/platform-scripts.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'

/** Scripts take turns and end by their own watchdog of 120 s; the last of 64 boards waits for all before it. */
const turnsMs = 65 * 120_000

/** Brings a board back: everything erased, every protection gone. */
export const regression: Step = {
  ...scriptStep('regression', 'run-regression', 'erase and open the board'),
  clearsBoard: true,
}

/** Option bytes, keys, boot loader and provisioning firmware of STM32WBA6. */
export const provisioningScript: Step = scriptStep(
  'provisioning',
  'run-provisioning',
  'install boot loader and provisioning firmware',
)

/** The same of STM32U5. */
export const updateScript: Step = scriptStep(
  'SBSFU_UPDATE',
  'run-sbsfu-update',
  'install boot loader and provisioning firmware',
)

/** @throws StationError `STATION_NO_FLOW` when the station has no platform scripts */
export function scriptsOf(work: UnitWork): PlatformScripts {
  const { scripts } = work.parts
  if (scripts !== undefined) return scripts
  throw new StationError('STATION_NO_FLOW', 'this station has no platform scripts')
}

function scriptStep(script: ScriptName, name: Step['name'], title: string): Step {
  return {
    name,
    title,
    deadlineMs: turnsMs,
    async act(work, signal) {
      await scriptsOf(work).run(work.probe.serialNumber, script, { signal })
      return []
    },
  }
}
