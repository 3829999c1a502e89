import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { WorkOrder } from '@keyline/ledger/records'
import { CliError } from '../errors.ts'

const folder = new URL('../../../../examples/', import.meta.url)

/** Path of an example that comes with the program. */
export function examplePath(name: string): string {
  return fileURLToPath(new URL(name, folder))
}

/** Start of the flash: without OEMiRoT both firmwares are linked there. Source: provisioning-station section 3.1. */
const imageAddress = 0x0800_0000

/** The firmware of the simulated boards, for orders that name none. */
export async function exampleImages(): Promise<WorkOrder['images']> {
  const [provisioning, application] = await Promise.all([
    exampleImage('images/stm32wba65-provisioning-x1.bin'),
    exampleImage('images/stm32wba65-application.bin'),
  ])
  return { provisioning, application }
}

async function exampleImage(name: string): Promise<WorkOrder['images']['application']> {
  const file = examplePath(name)
  try {
    const sha256 = createHash('sha256')
      .update(await readFile(file))
      .digest('hex')
    return { file, sha256, address: imageAddress }
  } catch (cause) {
    throw new CliError('CLI_FILE', `the example image ${file} cannot be read`, { cause })
  }
}
