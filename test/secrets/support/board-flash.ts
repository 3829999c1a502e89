import { basename, dirname } from 'node:path'
import { decodeImage, profiles, type DecodedImage } from '@keyline/matter'
import { filesBelow } from './places.ts'

/** Start of the flash of the simulated boards. */
const flashStart = 0x0800_0000

export interface FlashContent {
  /** 24 hexadecimal digits. */
  readonly board: string
  readonly octets: Uint8Array
  readonly data: DecodedImage['data']
}

/** The factory data of every board that a bench folder has ever held, read without the simulator. */
export function flashesBelow(benchFolder: string): readonly FlashContent[] {
  const { factoryDataAddress, size } = profiles.wba
  const start = factoryDataAddress - flashStart
  return filesBelow(benchFolder)
    .filter(({ name }) => basename(name) === 'flash.bin')
    .map(({ name, octets }) => {
      const region = octets.subarray(start, start + size).map((octet) => ~octet)
      const board = basename(dirname(name)).replace('board-', '')
      return { board, octets: region, data: decodeImage(region).data }
    })
}
