import { isKeylineError, toHex } from '@keyline/bytes'
import { heldOctets, reachableOctets } from './memory.ts'
import { fuzzNumbers, longestInput, mutate } from './mutate.ts'
import type { FuzzDecoder, FuzzTarget } from './target.ts'
import { Watchdog } from './watchdog.ts'

export interface FuzzBudget {
  readonly seed: number
  readonly seconds: number
  /** Inputs after which a run ends before its time; without end unless given. */
  readonly inputs?: number | undefined
  /** Findings after which a run ends. */
  readonly mostFindings?: number | undefined
  /** An execution that takes longer ends the process; 30 000 unless given. */
  readonly hangMs?: number | undefined
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
/** No input may make a decoder take more memory than this, and no run may leave more behind. */
const mostGrowth = 64 * 1024 * 1024
/** An input that takes this much is looked at closely. */
const muchGrowth = mostGrowth / 16
/** A pause of the machine is not the decoder's, and memory of before may be freed meanwhile: each input is tried again. */
const trials = 3
const batch = 64

/** Runs the targets of a decoder one after the other, each for its part of the time and of the inputs. */
export async function fuzzDecoder(decoder: FuzzDecoder, budget: FuzzBudget): Promise<FuzzReport> {
  const parts = decoder.targets.length
  const seconds = budget.seconds / parts
  const inputs = (budget.inputs ?? Infinity) / parts
  const reports: FuzzReport[] = []
  for (const target of decoder.targets) {
    reports.push(await fuzz(target, { ...budget, seconds, inputs }))
  }
  const sum = (count: (report: FuzzReport) => number): number =>
    reports.reduce((total, report) => total + count(report), 0)
  return {
    executions: sum(({ executions }) => executions),
    refusals: sum(({ refusals }) => refusals),
    seconds: sum(({ seconds }) => seconds),
    findings: decoder.targets.flatMap(({ name }, index) =>
      (reports[index]?.findings ?? []).map(({ problem, inputHex }) => ({
        problem: `${name}: ${problem}`,
        inputHex,
      })),
    ),
  }
}

/** Runs a target on its seeds and on mutations of them until the time is over, or the inputs are. */
export async function fuzz(target: FuzzTarget, budget: FuzzBudget): Promise<FuzzReport> {
  const seeds = target.seeds()
  if (seeds.length === 0) throw new Error(`the fuzz target ${target.name} has no seeds`)
  const numbers = fuzzNumbers(budget.seed)
  const findings = new Map<string, FuzzFinding>()
  const watchdog = new Watchdog(target.name, longestInput, budget.hangMs ?? 30_000)
  let executions = 0
  let refusals = 0

  const memory = { reachable: reachableOctets() }
  const execute = async (octets: Uint8Array): Promise<string> => {
    executions += 1
    watchdog.begins(octets)
    const outcome = await attempt(target, octets, memory)
    watchdog.ended()
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
  const reachable = reachableOctets()
  const start = performance.now()
  const end = start + budget.seconds * 1_000
  const mostFindings = budget.mostFindings ?? 5
  const mostExecutions = executions + (budget.inputs ?? Infinity)
  const isEnough = (): boolean => findings.size >= mostFindings || executions >= mostExecutions
  while (performance.now() < end && !isEnough()) {
    for (let count = 0; count < batch && !isEnough(); count += 1) {
      await execute(mutate(seeds, numbers))
    }
  }
  const seconds = (performance.now() - start) / 1_000
  await watchdog.stop()
  if (reachableOctets() - reachable > mostGrowth) {
    record('keeps more than 64 MiB behind the run', new Uint8Array())
  }
  return { executions, refusals, seconds, findings: [...findings.values()] }
}

/**
 * `accepted`, `refused`, or what is wrong with the decoder. An input that takes much is compared with
 * what was reachable at the last look, garbage aside: an allocation that makes the engine collect
 * would otherwise hide behind the garbage that it frees.
 */
async function attempt(
  target: FuzzTarget,
  octets: Uint8Array,
  memory: { reachable: number },
): Promise<string> {
  const before = heldOctets()
  const start = performance.now()
  const outcome = await runOnce(target, octets)
  const isSlow = performance.now() - start > slowestMs
  const held = heldOctets()
  const isLarge = held - before > muchGrowth && held - memory.reachable > mostGrowth
  if (isSlow && (await isAlways(() => isSlowNow(target, octets)))) {
    return `takes more than ${slowestMs} ms`
  }
  if (isLarge && (await isAlways(() => isLargeNow(target, octets, memory)))) {
    return 'grows by more than 64 MiB'
  }
  return outcome
}

async function isAlways(isTrue: () => Promise<boolean>): Promise<boolean> {
  for (let trial = 0; trial < trials; trial += 1) {
    if (!(await isTrue())) return false
  }
  return true
}

/** By the time of the processor, not of the clock. */
async function isSlowNow(target: FuzzTarget, octets: Uint8Array): Promise<boolean> {
  const before = process.cpuUsage()
  await runOnce(target, octets)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000 > slowestMs
}

async function isLargeNow(
  target: FuzzTarget,
  octets: Uint8Array,
  memory: { reachable: number },
): Promise<boolean> {
  memory.reachable = reachableOctets()
  await runOnce(target, octets)
  return heldOctets() - memory.reachable > mostGrowth
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
