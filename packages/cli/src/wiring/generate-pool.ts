import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BatchUnit } from '@keyline/ledger'
import type { MadeUnits, UnitRange } from '@keyline/station'
import { Tinypool } from 'tinypool'
import { CliError } from '../errors.ts'
import type { GenerateSetup, WorkerAnswer } from './generate-setup.ts'

/** Workers that make units, each on a thread of its own. */
export interface GeneratePool {
  /** @throws CliError `CLI_WORKER` */
  make(range: UnitRange): Promise<MadeUnits<BatchUnit>>
  close(): Promise<void>
}

/** A second chunk waits in each worker, so that none of them waits for this thread while it writes. */
export const chunksOfWorker = 2

/** What a worker throws away is collected early, so that memory stays as flat as the work is. */
const maxYoungGenerationSizeMb = 8
const maxOldGenerationSizeMb = 96

/** As this module, so that the worker runs from the sources where this does. */
const extension = extname(fileURLToPath(import.meta.url))

/** A thread does not inherit the loader that reads the sources: it registers its own. */
function sourceArguments(): readonly string[] {
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const register = encodeURIComponent(`(await import(${loader})).register()`)
  return ['--conditions=source', `--import=data:text/javascript,${register}`]
}

export function openGeneratePool(jobs: number, setup: GenerateSetup): GeneratePool {
  const pool = new Tinypool({
    filename: new URL(`generate-worker${extension}`, import.meta.url).href,
    runtime: 'worker_threads',
    minThreads: jobs,
    maxThreads: jobs,
    concurrentTasksPerWorker: chunksOfWorker,
    isolateWorkers: false,
    resourceLimits: { maxYoungGenerationSizeMb, maxOldGenerationSizeMb },
    workerData: setup,
    ...(extension === '.ts' ? { execArgv: [...sourceArguments()] } : {}),
  })
  return {
    async make(range) {
      const answer: WorkerAnswer = await pool.run(range)
      if (!('refusal' in answer)) return answer
      throw new CliError('CLI_WORKER', `a worker stopped: ${answer.refusal}`)
    },
    close: () => pool.destroy(),
  }
}
