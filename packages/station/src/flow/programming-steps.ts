import { toHex } from '@keyline/bytes'
import { StationError } from '../errors.ts'
import type { Target } from '../port/programmer.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'

/** Watchdogs of provisioning-station section 4.4, milliseconds. */
const downloadMs = 60_000
const connectMs = 20_000

const deviceIds = { wba: 0x4b0, u5: 0x482, wb55: 0x495 } as const

/** Connects, checks that the board is the expected kind and fresh, and binds the unit to it. */
export const bind: Step = {
  name: 'bind',
  title: 'connect and bind the board',
  deadlineMs: connectMs,
  async act(work, signal) {
    const target = await connectBound(work, signal)
    const wanted = deviceIds[work.prepared.order.platform]
    if (target.deviceId !== wanted) {
      throw new StationError(
        'STATION_WRONG_DEVICE',
        `slot ${work.slot} holds device 0x${target.deviceId.toString(16)}, the order is for 0x${wanted.toString(16)}`,
      )
    }
    if (target.rdp !== 0) {
      throw new StationError(
        'STATION_PROTECTED',
        `the board in slot ${work.slot} has RDP ${target.rdp}`,
      )
    }
    work.target = target
    const { clock, units } = work.parts
    const isFirst = work.reserved.unit.boardUid === undefined
    await clock.during(() => units.bind(work.unitId, toHex(target.uid), { isFirst }))
    return []
  },
}

/** The factory data without credentials go first, so that the provisioning firmware finds them. */
export const programData: Step = {
  name: 'program-data',
  title: 'program factory data',
  deadlineMs: downloadMs,
  touchesIdentity: true,
  async act(work, signal) {
    const { factoryDataAddress } = work.prepared.order
    await work.parts.programmer.download(work.probe.serialNumber, factoryDataAddress, work.image, {
      signal,
    })
    return []
  },
}

export const programProvisioning: Step = programFirmware('provisioning', 'program-provisioning')

const writeApplication = programFirmware('application', 'program-application')

/** The debug port comes back to the board after the exchange: it must still be the same one. */
export const programApplication: Step = {
  ...writeApplication,
  async act(work, signal) {
    await connectBound(work, signal)
    return writeApplication.act(work, signal)
  },
}

export const startProvisioning: Step = startFirmware(
  'start-provisioning',
  'start provisioning firmware',
)
export const startApplication: Step = startFirmware('start-application', 'start application')

/** @throws StationError `STATION_BOARD_CHANGED` when another board answers than the one that the unit is bound to */
async function connectBound(work: UnitWork, signal: AbortSignal): Promise<Target> {
  const target = await work.parts.programmer.connect(work.probe.serialNumber, { signal })
  work.requireSameBoard(target.uid)
  return target
}

function programFirmware(
  kind: 'provisioning' | 'application',
  name: 'program-provisioning' | 'program-application',
): Step {
  return {
    name,
    title: `program ${kind} firmware`,
    deadlineMs: downloadMs,
    async act(work, signal) {
      const { address, octets } = work.requireImage(kind)
      await work.parts.programmer.download(work.probe.serialNumber, address, octets, { signal })
      return []
    },
  }
}

function startFirmware(name: 'start-provisioning' | 'start-application', title: string): Step {
  return {
    name,
    title,
    deadlineMs: connectMs,
    async act(work, signal) {
      await work.parts.programmer.reset(work.probe.serialNumber, { signal })
      return []
    },
  }
}
