import { appendFileSync, readFileSync, writeSync } from 'node:fs'
import type { BatchUnit } from '@keyline/ledger'
import type { BatchFileEnd, BatchRun } from '@keyline/station'
import { sha256 } from '@keyline/crypto'
import { toHex } from '@keyline/bytes'
import { generateAt, type Place } from './place.ts'

/** What a child does: a batch, the point at which it ends itself, and how it is broken. */
export interface ChildJob {
  readonly place: Place
  readonly units: number
  readonly resume: boolean
  /** Ends at the n-th time that the run comes by the point. */
  readonly killAt?: { readonly point: KillPoint; readonly time: number }
  readonly sabotage?: Sabotage
}

/** Half of the lines written; all of them; recorded; before anything of a chunk. */
export const killPoints = ['before', 'torn', 'written', 'recorded'] as const
export type KillPoint = (typeof killPoints)[number]

/** Lines that no ledger knows are kept at a resume; a chunk is recorded before it is in the file. */
export const sabotages = ['keep-tail', 'ledger-first'] as const
export type Sabotage = (typeof sabotages)[number]

const job: ChildJob = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
const path = `${job.place.folder}/units/units.sealed.jsonl`
const passed = new Map<KillPoint, number>()

function reach(point: KillPoint, act: () => void = () => undefined): void {
  const time = (passed.get(point) ?? 0) + 1
  passed.set(point, time)
  if (job.killAt?.point !== point || job.killAt.time !== time) return
  act()
  process.kill(process.pid, 'SIGKILL')
}

function watched(run: BatchRun<BatchUnit>): BatchRun<BatchUnit> {
  const { file, store } = run
  let late: (() => Promise<unknown>) | undefined
  return {
    ...run,
    file: {
      settle: (recorded) => file.settle(job.sabotage === 'keep-tail' ? wholeFile() : recorded),
      append: async (lines) => {
        reach('before')
        reach('torn', () => appendFileSync(path, lines.subarray(0, lines.length / 2)))
        if (job.sabotage === 'ledger-first') {
          late = () => file.append(lines)
          return endBehind(lines)
        }
        const end = await file.append(lines)
        reach('written')
        return end
      },
    },
    store: {
      state: () => store.state(),
      record: async (chunk) => {
        await store.record(chunk)
        reach('recorded')
        await late?.()
        writeSync(1, `${chunk.first}\n`)
      },
    },
  }
}

/** As if everything that stands in the file were recorded. */
function wholeFile(): BatchFileEnd {
  const { length: octets } = readFileSync(path)
  return { octets, chunkOctets: 0, chunkSha256: toHex(sha256(new Uint8Array())) }
}

function endBehind(lines: Uint8Array): BatchFileEnd {
  const octets = readFileSync(path).length + lines.length
  return { octets, chunkOctets: lines.length, chunkSha256: toHex(sha256(lines)) }
}

const { place, units, resume } = job
await generateAt(place, { units, resume, decorate: watched })
