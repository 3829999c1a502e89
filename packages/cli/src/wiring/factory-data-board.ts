import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '@keyline/bytes'
import { openBench } from '@keyline/board'
import { takeLock, type Programmer } from '@keyline/station'
import type { FactoryDataProfile } from '@keyline/matter'
import { CliError } from '../errors.ts'
import { homeAt, requireHome } from './home.ts'

export interface BoardRegion {
  /** Name of the board: `sim:1` is the first slot of the simulated bench. */
  readonly board: string
  /** Folder of the station whose bench it is. */
  readonly home: string
  readonly profile: FactoryDataProfile
}

/**
 * Reads the factory-data region of a board through its programmer; nothing is written.
 * @throws CliError `CLI_USAGE` for another name, `CLI_NO_STATION`; StationError `STATION_BUSY` while a run uses the bench
 */
export async function readBoardRegion(region: BoardRegion): Promise<Uint8Array> {
  const { board, home: folder, profile } = region
  const slot = slotOf(board)
  const home = homeAt(folder)
  await requireHome(home)
  if ((await stat(join(home.benchFolder, 'bench.json')).catch(() => undefined)) === undefined) {
    throw new CliError('CLI_NO_STATION', `${home.benchFolder} holds no simulated bench`)
  }
  const lock = await takeLock(home.lockFolder, 'station')
  try {
    using bench = openBench({
      slots: slot,
      clock: systemClock,
      folder: home.benchFolder,
      timing: 'none',
    })
    const programmer: Programmer = bench
    const probe = (await programmer.list())[slot - 1]
    if (probe === undefined) throw new CliError('CLI_USAGE', `there is no board in ${board}`)
    await programmer.connect(probe.serialNumber)
    const { factoryDataAddress, size } = profile
    return await programmer.read(probe.serialNumber, factoryDataAddress, size)
  } finally {
    await lock.release()
  }
}

function slotOf(board: string): number {
  const number = Number(/^sim:([1-9]\d?)$/.exec(board)?.[1])
  if (number >= 1 && number <= 64) return number
  throw new CliError('CLI_USAGE', `${JSON.stringify(board)} names no board`, {
    remedy: 'name a slot of the simulated bench, sim:1 to sim:64',
  })
}
