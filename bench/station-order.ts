import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildFirmwareImage } from '@keyline/board'
import { loadOrder, type LoadedOrder } from '@keyline/station'
import { flowCases, writeFlowOrder } from '../test/line/support/flow-case.ts'

/** As long as the example images (provisioning-station section 12.1). */
const applicationSize = 600 * 1024

/** The order of WBA6 with security 1 and an application of full size. */
export async function loadStationOrder(folder: string, quantity: number): Promise<LoadedOrder> {
  const path = await writeFlowOrder(flowCases.wba1, { folder, quantity })
  const application = buildFirmwareImage({
    kind: 'application',
    name: 'application',
    version: '2.0.0',
    size: applicationSize,
    isSigned: true,
  })
  const small = createHash('sha256').update(await readFile(join(folder, 'application.bin')))
  const full = createHash('sha256').update(application)
  const order = await readFile(path, 'utf8')
  await writeFile(path, order.replace(small.digest('hex'), full.digest('hex')))
  await writeFile(join(folder, 'application.bin'), application)
  return loadOrder(path, neverDefaults)
}

const neverDefaults = {
  id: 'unused',
  quantity: 1,
  images: {
    provisioning: { file: '', sha256: '', address: 0 },
    application: { file: '', sha256: '', address: 0 },
  },
}
