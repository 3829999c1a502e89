import { describeError, isKeylineError } from '@keyline/bytes'
import { StationError, takeLock, type Lock, type Probe } from '@keyline/station'
import type { LineBoards } from './line-boards.ts'

/** A board that a run does not touch, and why. */
export interface LeftOut {
  readonly probe: string
  readonly port: string | null
  readonly reason: string
}

/** The boards of a run, each locked for it, and those that were left out. */
export interface ChosenBoards {
  readonly ready: readonly Probe[]
  readonly leftOut: readonly LeftOut[]
  release(): Promise<void>
}

export interface ChooseOptions {
  /** Serial numbers of the probes; all boards unless given. */
  readonly wanted?: readonly string[] | undefined
  /** Boards that are needed; all of them unless given. */
  readonly most?: number | undefined
  readonly signal: AbortSignal
}

/**
 * Lists the boards, chooses among them, and sees that nobody else has their probes and ports. No board is touched.
 * Source: provisioning-station section 5.0.
 * @throws StationError `STATION_NO_BOARD` when a probe that is named does not answer
 */
export async function chooseBoards(
  boards: LineBoards,
  { wanted, most = Infinity, signal }: ChooseOptions,
): Promise<ChosenBoards> {
  const probes = await boards.programmer.list({ signal })
  const missing = (wanted ?? []).filter(
    (name) => !probes.some(({ serialNumber }) => serialNumber === name),
  )
  if (missing.length > 0) {
    const names = missing.join(', ')
    throw new StationError('STATION_NO_BOARD', `no probe has the serial number ${names}`)
  }
  const chosen = probes.filter(({ serialNumber }) => wanted?.includes(serialNumber) ?? true)
  const ready: Probe[] = []
  const leftOut: LeftOut[] = []
  const locks: Lock[] = []
  const release = async (): Promise<void> => {
    for (const lock of locks.toReversed()) await lock.release()
  }
  try {
    for (const probe of chosen) {
      if (ready.length >= most) break
      const { serialNumber, port } = probe
      try {
        if (boards.lockFolder !== undefined) {
          locks.push(await takeLock(boards.lockFolder, `probe-${serialNumber}`))
        }
        await openOnce(boards, port)
        ready.push(probe)
      } catch (error) {
        if (!isKeylineError(error) || signal.aborted) throw error
        leftOut.push({ probe: serialNumber, port: port ?? null, reason: describeError(error) })
      }
    }
  } catch (error) {
    await release()
    throw error
  }
  return { ready, leftOut, release }
}

/** A port that opens and closes is free. */
async function openOnce({ ports }: LineBoards, name: string | undefined): Promise<void> {
  if (name === undefined) throw new StationError('STATION_PORT', 'the probe has no serial port')
  const port = await ports.open(name)
  await port.close()
}
