import { equalOctets, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { FirmwareImage } from '../order/prepared-order.ts'
import { connectBound } from './bind-steps.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'

/** Watchdogs of provisioning-station section 4.4, milliseconds. */
const downloadMs = 60_000
const connectMs = 20_000

/** The factory data without credentials go first, so that the provisioning firmware finds them. */
export const programData: Step = {
  name: 'program-data',
  title: 'program factory data',
  deadlineMs: downloadMs,
  touchesIdentity: true,
  async act(work, signal) {
    const { factoryDataAddress } = work.matter.order
    await work.parts.programmer.download(work.probe.serialNumber, factoryDataAddress, work.image, {
      signal,
    })
    return []
  },
}

export const programProvisioning: Step = {
  name: 'program-provisioning',
  title: 'program provisioning firmware',
  deadlineMs: downloadMs,
  async act(work, signal) {
    await write(work, work.requireImage('provisioning'), signal)
    return []
  },
}

/** The debug port comes back to the board after the exchange: it must still be the same one. */
export const programApplication: Step = {
  name: 'program-application',
  title: 'program application firmware',
  deadlineMs: downloadMs,
  async act(work, signal) {
    await connectBound(work, signal)
    await write(work, work.requireImage('application'), signal)
    return []
  },
}

/**
 * The application goes to the slot from which the boot loader installs it. It is proven there: where it ends, it may
 * be decrypted or unreadable.
 */
export const programSlot: Step = {
  ...programApplication,
  title: 'program application into the secondary slot',
  deadlineMs: 2 * downloadMs,
  async act(work, signal) {
    await programApplication.act(work, signal)
    const { address, octets, sha256: wanted } = work.requireImage('application')
    const { programmer } = work.parts
    const { serialNumber } = work.probe
    const written = await programmer.read(serialNumber, address, octets.length, { signal })
    const found = toHex(sha256(written))
    const facts = { sha256: found, by: 'verification and read-back of the slot' }
    return [{ kind: 'firmware', ok: found === wanted, facts }]
  },
}

/** Asks the boot loader to install what stands in the slot. A trailer that is there already is not written again. */
export const programTrailer: Step = {
  name: 'program-trailer',
  title: 'program the magic trailer',
  deadlineMs: downloadMs,
  async act(work, signal) {
    const trailer = work.requireImage('magicTrailer')
    const { address, octets } = trailer
    const { programmer } = work.parts
    const { serialNumber } = work.probe
    const found = await programmer.read(serialNumber, address, octets.length, { signal })
    if (!equalOctets(found, octets)) await write(work, trailer, signal)
    return []
  },
}

export const startProvisioning: Step = startFirmware(
  'start-provisioning',
  'start provisioning firmware',
)
export const startApplication: Step = startFirmware('start-application', 'start application')

function write(
  work: UnitWork,
  { address, octets }: FirmwareImage,
  signal: AbortSignal,
): Promise<void> {
  return work.parts.programmer.download(work.probe.serialNumber, address, octets, { signal })
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
