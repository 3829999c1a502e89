import { equalOctets, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { StationError } from '../errors.ts'
import type { WirelessProgrammer } from '../port/wireless-programmer.ts'
import { connectBound } from './bind-steps.ts'
import { chipOf, protect } from './chip-steps.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'

const exportMs = 120_000
const downloadMs = 60_000
const optionMs = 40_000

/** Values of the option byte RDP. */
const openLevel = 0xaa
const closedLevel = 0xbb

/** A board that an interrupted unit has left protected is opened, which erases it. A new unit never comes here with one. */
export const openBoard: Step = {
  name: 'open-board',
  title: 'open a board that was left protected',
  deadlineMs: optionMs,
  touchesIdentity: true,
  async act(work, signal) {
    const { rdp } = await connectBound(work, signal)
    if (rdp !== 0) await setLevel(work, openLevel, signal)
    return []
  },
}

/**
 * RSSe-KW wraps the device key of the chip. The wrapping key depends on the read-out protection, so that the chip is
 * given the level of the finished board for it, and opened again, which erases it. Source: attestation 5.2 and 6.1.
 */
export const exportWrappedKey: Step = {
  name: 'export-wrapped-key',
  title: 'export the wrapped device key',
  deadlineMs: exportMs,
  async act(work, signal) {
    const { order, service } = work.device
    const { deviceKeys } = work.parts
    if (deviceKeys === undefined) {
      throw new StationError('STATION_NO_FLOW', 'the programmer of this station exports no keys')
    }
    const isClosed = order.rdp === 1
    if (isClosed) await setLevel(work, closedLevel, signal)
    const request = { key: order.deviceKey.key, service }
    work.wrappedKey = await deviceKeys.exportWrappedKey(work.probe.serialNumber, request, {
      signal,
    })
    if (isClosed) await setLevel(work, openLevel, signal)
    return []
  },
}

export const programContainer: Step = {
  name: 'program-container',
  title: 'program the wrapped key',
  deadlineMs: downloadMs,
  async act(work, signal) {
    const { containerAddress } = work.device.order.deviceKey
    const { container } = requireWrapped(work)
    const { serialNumber } = work.probe
    await work.parts.programmer.download(serialNumber, containerAddress, container, { signal })
    return []
  },
}

/** Application and wrapped key as they stand in the flash, while it can be read. */
export const readBackFirmware: Step = {
  name: 'read-back',
  title: 'read back and compare',
  deadlineMs: downloadMs,
  async act(work, signal) {
    const { address, octets, sha256: wanted } = work.requireImage('application')
    const { containerAddress } = work.device.order.deviceKey
    const { container } = requireWrapped(work)
    const read = (from: number, length: number): Promise<Uint8Array> =>
      work.parts.programmer.read(work.probe.serialNumber, from, length, { signal })
    const found = toHex(sha256(await read(address, octets.length)))
    const isWhole = equalOctets(await read(containerAddress, container.length), container)
    const facts = { sha256: found, ...(isWhole ? {} : { problem: 'the wrapped key differs' }) }
    return [{ kind: 'firmware', ok: found === wanted && isWhole, facts }]
  },
}

/**
 * The read-out protection of a board without Matter. It stands in front of the token, since the key is wrapped for this
 * level; what it hides was read back before, and opening the board again erases it.
 */
export const closeBoard: Step = { ...protect(1), isIrreversible: undefined }

/** Sets the level and lets it take effect. */
async function setLevel(work: UnitWork, rdp: number, signal: AbortSignal): Promise<void> {
  const chip: WirelessProgrammer = chipOf(work)
  const { serialNumber } = work.probe
  await chip.setOptionBytes(serialNumber, { RDP: rdp }, { signal })
  await work.parts.programmer.reset(serialNumber, { signal })
}

function requireWrapped({ wrappedKey }: UnitWork): NonNullable<UnitWork['wrappedKey']> {
  if (wrappedKey !== undefined) return wrappedKey
  throw new StationError('STATION_PROTOCOL', 'the key of the chip was not exported before')
}
