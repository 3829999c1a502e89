import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openBench } from '@keyline/board'
import { VirtualClock } from '@keyline/bytes'
import { homeOf, runTestLine, temporaryFolder, testPki } from '../support/line.ts'
import type { MadeUnit } from './made-unit.ts'

/** What a run of the line leaves of one unit, as a buyer finds it. */
export type UnitOfLine = Omit<MadeUnit, 'declarationSigner'>

/** Address and read length of the factory data on an STM32WBA6. */
const region = { address: 0x081e_c000, length: 8192 }

/**
 * Makes units on the simulated line and takes them from its outputs alone: the image with its credentials from the
 * flash of the board, the codes from the files made for printing.
 */
export async function makeUnits(count: number): Promise<readonly UnitOfLine[]> {
  await using folder = await temporaryFolder()
  const { events, results } = await runTestLine({
    folder: folder.path,
    slots: count,
    quantity: count,
  })
  const bench = openBench({
    slots: count,
    clock: new VirtualClock(),
    folder: join(homeOf(folder.path), 'bench'),
  })
  const { paa } = await testPki()
  const units: UnitOfLine[] = []
  for (const event of events) {
    if (event.type !== 'unit-decided' || event.record.verdict !== 'PASS') continue
    const unitFolder = join(results, 'units', event.unit.serialNumber)
    const codes = await readFile(join(unitFolder, 'onboarding.txt'), 'utf8')
    const image = bench.board(event.slot).flash.read(region.address, region.length)
    units.push({
      image: Uint8Array.from(image),
      qrCode: lineOf(codes, 'QR code'),
      manualCode: lineOf(codes, 'Manual code'),
      passcode: number(image, 15, 4),
      discriminator: number(image, 11, 2),
      vendorId: 0xfff1,
      productId: 0x8004,
      paa,
    })
  }
  bench.close()
  if (units.length !== count) throw new Error(`${units.length} of ${count} units were made`)
  return units
}

function lineOf(text: string, label: string): string {
  const line = text.split('\n').find((entry) => entry.startsWith(label))
  if (line === undefined) throw new Error(`the code file has no line ${label}`)
  return line.slice(label.length).trim()
}

/** A number of the image, read by its grammar alone: tag, length, value, little endian. */
function number(image: Uint8Array, tag: number, width: number): number {
  const view = Buffer.from(image.buffer, image.byteOffset, image.length)
  for (let at = 0; at + 8 <= view.length; at += 8 + view.readUInt32LE(at + 4)) {
    if (view.readUInt32LE(at) === tag) return view.readUIntLE(at + 8, width)
  }
  throw new Error(`the image has no record ${tag}`)
}
