import { isKeylineError, toHex } from '@keyline/bytes'
import { fuzzNumbers, mutate } from './mutate.ts'
import type { FuzzTarget } from './target.ts'

export interface FuzzBudget {
  readonly seed: number
  readonly seconds: number
  /** Findings after which a run ends. */
  readonly mostFindings?: number | undefined
}

export interface FuzzFinding {
  readonly problem: string
  readonly inputHex: string
}

export interface FuzzReport {
  readonly executions: number
  readonly refusals: number
  readonly seconds: number
  readonly findings: readonly FuzzFinding[]
}

/** No input may hold a decoder longer than this. */
const slowestMs = 50
/** A pause of the machine is not the decoder's: a slow input costs its CPU time each time. */
const slowTrials = 3
const batch = 64

/** Runs a target on its seeds and on mutations of them until the time is over. */
export async function fuzz(target: FuzzTarget, budget: FuzzBudget): Promise<FuzzReport> {
  const seeds = target.seeds()
  if (seeds.length === 0) throw new Error(`the fuzz target ${target.name} has no seeds`)
  const numbers = fuzzNumbers(budget.seed)
  const findings = new Map<string, FuzzFinding>()
  const start = performance.now()
  const end = start + budget.seconds * 1_000
  let executions = 0
  let refusals = 0

  const execute = async (octets: Uint8Array): Promise<string> => {
    executions += 1
    const outcome = await attempt(target, octets)
    if (outcome === 'refused') refusals += 1
    else if (outcome !== 'accepted') record(outcome, octets)
    return outcome
  }
  const record = (problem: string, octets: Uint8Array): void => {
    if (!findings.has(problem)) findings.set(problem, { problem, inputHex: toHex(octets) })
  }

  for (const seed of seeds) {
    if ((await execute(seed)) === 'refused') record('a seed is refused', seed)
  }
  const mostFindings = budget.mostFindings ?? 5
  while (performance.now() < end && findings.size < mostFindings) {
    for (let count = 0; count < batch && findings.size < mostFindings; count += 1) {
      await execute(mutate(seeds, numbers))
    }
  }
  const seconds = (performance.now() - start) / 1_000
  return { executions, refusals, seconds, findings: [...findings.values()] }
}

/** `accepted`, `refused`, or what is wrong with the decoder. */
async function attempt(target: FuzzTarget, octets: Uint8Array): Promise<string> {
  const start = performance.now()
  const outcome = await runOnce(target, octets)
  if (performance.now() - start < slowestMs) return outcome
  for (let trial = 0; trial < slowTrials; trial += 1) {
    const before = process.cpuUsage()
    await runOnce(target, octets)
    const { user, system } = process.cpuUsage(before)
    if ((user + system) / 1_000 < slowestMs) return outcome
  }
  return `takes more than ${slowestMs} ms`
}

async function runOnce(target: FuzzTarget, octets: Uint8Array): Promise<string> {
  const input = Uint8Array.from(octets)
  try {
    const result = target.run(input)
    if (result instanceof Promise) await result
  } catch (error) {
    if (!isKeylineError(error)) return String(error)
    return Buffer.from(input).equals(octets) ? 'refused' : 'changes its input'
  }
  return Buffer.from(input).equals(octets) ? 'accepted' : 'changes its input'
}
