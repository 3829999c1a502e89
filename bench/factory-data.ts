import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '@keyline/crypto'
import { decodeImage, encodeImage } from '@keyline/matter'
import { rateFigure, type Benchmark } from './framework.ts'

const imageFile = join(
  import.meta.dirname,
  '../test/vectors/matter/factory-data/full-fff1-8004.bin',
)

/** The image of one device against one hash over its octets. */
export const factoryDataBenchmark: Benchmark = {
  name: 'factory-data',
  title: 'factory-data images against one SHA-256 over them',
  async *measure() {
    const image = Uint8Array.from(await readFile(imageFile))
    const { data } = decodeImage(image)
    const bare = (): unknown => sha256(image)
    yield rateFigure({ figure: 'decode an image', work: () => decodeImage(image), bare })
    yield rateFigure({ figure: 'encode an image', work: () => encodeImage(data), bare })
  },
}
