import { isKeylineError } from '@keyline/bytes'
import type { UnitRange } from '@keyline/station'
import { Tinypool } from 'tinypool'
import { errorText } from '../terminal/stop-on-bug.ts'
import { openUnitMaker, type BatchUnitMaker } from './generate-maker.ts'
import type { WorkerAnswer } from './generate-setup.ts'

let maker: Promise<BatchUnitMaker> | undefined

/** Makes one chunk on this thread. */
export default async function generate(range: UnitRange): Promise<WorkerAnswer> {
  try {
    maker ??= openUnitMaker(Tinypool.workerData)
    return await (await maker).make(range)
  } catch (error) {
    return { refusal: isKeylineError(error) ? errorText(error) : String(error) }
  }
}
