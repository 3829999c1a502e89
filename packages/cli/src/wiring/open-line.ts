import { resolve } from 'node:path'
import type { Clock } from '@keyline/bytes'
import { isForDevices, type AnyPreparedOrder } from '@keyline/station'
import { chooseBoards } from './choose-boards.ts'
import { onlyProbes } from './gen-factory-data-parts.ts'
import { realBoards, type LineBoards } from './line-boards.ts'
import { scriptFolderOf } from './script-folder.ts'

export interface OpenLineOptions {
  readonly prepared: AnyPreparedOrder
  /** STM32CubeProgrammer: its folder or its program; empty where it is searched for. */
  readonly programmer: string
  readonly externalLoader?: string | undefined
  /** Folder of the platform scripts. */
  readonly scripts?: string | undefined
  /** Serial numbers of the probes; all of them unless given. */
  readonly boards?: readonly string[] | undefined
  readonly slots: number
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onNotice: (text: string) => void
}

/** Real boards for the slots of an order: their probes are locked, their ports free, and a person changes the boards. */
export async function openLine(options: OpenLineOptions): Promise<LineBoards> {
  const { prepared, programmer, boards: wanted, slots, signal, onNotice } = options
  const { order } = prepared
  const scripts = options.scripts === undefined ? undefined : resolve(options.scripts)
  const boards = await realBoards({
    platform: order.platform,
    ...(programmer === '' ? {} : { programmer }),
    externalLoader: options.externalLoader,
    isProduction: order.policy === 'production',
    scriptsFolder: isForDevices(prepared)
      ? undefined
      : await scriptFolderOf(prepared.order, scripts ?? prepared.scriptsFolder),
    clock: options.clock,
    onNotice,
  })
  const chosen = await chooseBoards(boards, { wanted, most: slots, signal })
  for (const { probe, reason } of chosen.leftOut) onNotice(`probe ${probe} is left out: ${reason}`)
  const probes = new Set(chosen.ready.map(({ serialNumber }) => serialNumber))
  return {
    ...boards,
    programmer: onlyProbes(boards.programmer, probes),
    close: async () => {
      await chosen.release()
      await boards.close()
    },
  }
}
