import { fromHex, toHex } from '@keyline/bytes'
import { StationError } from '../errors.ts'
import { isNoTarget, type Target } from '../port/programmer.ts'
import { openPort } from './open-port.ts'
import { scriptsOf } from './script-steps.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'

const deviceIds = { wba: 0x4b0, u5: 0x482, wb55: 0x495, u3: 0x454 } as const

/** Opens the port once and closes it: whoever cannot be heard is not touched. Source: provisioning-station 5.0. */
export const checkPort: Step = {
  name: 'check-port',
  isAsking: true,
  title: 'open the serial port once',
  deadlineMs: 20_000,
  async act(work, signal) {
    const port = await openPort(work, signal)
    await port.close()
    return []
  },
}

/** Connects, checks that the board is the expected kind and fresh, and binds the unit to it. */
export const bind: Step = bindStep(20_000, connectBound)

/** The same for a board that a regression opens when it comes with a read-out protection. */
export const bindRegressed: Step = bindStep(7_800_000, async (work, signal) => {
  const isFirst = work.reserved.unit.state === 'reserved'
  try {
    const target = await connectBound(work, signal)
    if (target.rdp === 0 || !isFirst) return target
  } catch (error) {
    // A protection of level 2 refuses the debug port; only the script has the password.
    if (!isFirst || !isNoTarget(error)) throw error
  }
  await scriptsOf(work).run(work.probe.serialNumber, 'regression', { signal })
  return connectBound(work, signal)
})

/** @throws StationError `STATION_BOARD_CHANGED` when another board answers than the one that the unit is bound to */
export async function connectBound(work: UnitWork, signal: AbortSignal): Promise<Target> {
  const target = await work.parts.programmer.connect(work.probe.serialNumber, { signal })
  const { boardUid } = work
  if (isHidden(target) && boardUid !== undefined) return { ...target, uid: fromHex(boardUid) }
  work.requireSameBoard(target.uid)
  return target
}

/** Behind a protection a programmer may not read the unique id: then the probe alone says which board it is. */
function isHidden({ rdp, uid }: Target): boolean {
  return rdp !== 0 && uid.every((octet) => octet === 0)
}

function bindStep(
  deadlineMs: number,
  reach: (work: UnitWork, signal: AbortSignal) => Promise<Target>,
): Step {
  return {
    name: 'bind',
    isAsking: true,
    title: 'connect and bind the board',
    deadlineMs,
    async act(work, signal) {
      const target = await reach(work, signal)
      requireExpected(work, target)
      work.target = target
      const { clock, units } = work.parts
      const isFirst = work.reserved.unit.state === 'reserved'
      await clock.during(() => units.bind(work.unitId, toHex(target.uid), { isFirst }))
      return []
    },
  }
}

/** A resumed board may have the protection that its own order gave it. */
function requireExpected(work: UnitWork, target: Target): void {
  const { platform, rdp = 0 } = work.prepared.order
  const wanted = deviceIds[platform]
  if (target.deviceId !== wanted) {
    throw new StationError(
      'STATION_WRONG_DEVICE',
      `slot ${work.slot} holds device 0x${target.deviceId.toString(16)}, the order is for 0x${wanted.toString(16)}`,
    )
  }
  const isResumed = work.reserved.unit.boardUid !== undefined
  if (target.rdp === 0 || (isResumed && target.rdp === rdp)) return
  throw new StationError(
    'STATION_PROTECTED',
    `the board in slot ${work.slot} has RDP ${target.rdp}`,
  )
}
