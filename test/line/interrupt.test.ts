import { describe, expect, it } from 'vitest'
import type { StationEvent } from '@keyline/station'
import { runTestLine, temporaryFolder } from '../support/line.ts'
import { withPortTap } from './support/around.ts'
import { decisionsOf, journalOf, liveCertificates, unitsIn } from './support/outcome.ts'

/** Steps that come before anything is written to the board. */
const beforeTheFirstWrite = new Set([
  'unit-started',
  'check-port started',
  'check-port done',
  'bind started',
  'bind done',
])

/** Row F-28; promises P2 and P9. */
describe('Ctrl+C', () => {
  it('at every event of a board leaves a verdict that fits what it may hold, and a unit to go on with', async () => {
    const names = (await eventsOfOneBoard()).map(nameOf)
    expect(names.length).toBeGreaterThan(20)
    for (const [index, name] of names.entries()) {
      await using folder = await temporaryFolder()
      const commits = new CommitWatch(folder.path)
      const first = await runUntil(folder.path, index, commits)
      const units = await unitsIn(folder.path)
      const [left] = units
      const verdict = left?.verdict?.verdict
      expect({ name, verdict }).toEqual({ name, verdict: verdictAt(names, index) })
      expect(first.summary.interrupted).toBe(true)

      const { summary } = await runTestLine({
        folder: folder.path,
        resume: true,
        decorate: commits.decorate,
      })
      const after = await unitsIn(folder.path)
      expect({ name, made: after.map(verdictOf).filter((one) => one === 'PASS').length }).toEqual({
        name,
        made: 1,
      })
      expect(summary.remaining).toBe(0)
      if (verdict === 'QUARANTINE') expect(after).toMatchObject([{ unit: { id: left?.unit.id } }])
      for (const unit of after) {
        expect(liveCertificates(unit)).toBe(verdictOf(unit) === 'PASS' ? 1 : 0)
      }
      commits.check()
    }
  })

  it('while the intent of COMMIT is written sends no COMMIT', async () => {
    for (const place of ['before-write', 'after-write', 'after-sync'] as const) {
      await using folder = await temporaryFolder()
      const interrupt = new AbortController()
      const heard: string[] = []
      const run = await runTestLine({
        folder: folder.path,
        signal: interrupt.signal,
        atJournalPoint: (point, { type, step }) => {
          if (point === place && type === 'intent' && step === 'commit') interrupt.abort()
        },
        decorate: withPortTap((text) => void heard.push(text)),
      })
      expect(heard.filter((text) => text.startsWith('@COMMIT'))).toEqual([])
      expect(decisionsOf(run)).toMatchObject([{ verdict: 'QUARANTINE' }])
    }
  })

  it('stops sixteen slots, each with a record, and the next run makes all', async () => {
    await using folder = await temporaryFolder()
    const interrupt = new AbortController()
    let started = 0
    await runTestLine({
      folder: folder.path,
      slots: 16,
      quantity: 16,
      signal: interrupt.signal,
      onEvent: (event) => {
        if (event.type === 'step-started' && event.step === 'exchange' && ++started === 8) {
          interrupt.abort()
        }
      },
    })
    const left = await unitsIn(folder.path)
    expect(left.map(verdictOf)).toEqual(left.map(() => 'QUARANTINE'))
    const { summary } = await runTestLine({
      folder: folder.path,
      slots: 16,
      quantity: 16,
      resume: true,
    })
    expect(summary).toMatchObject({ pass: 16, remaining: 0 })
  })
})

/** Looks at every COMMIT as it goes to the line: its intent must be on the disk. */
class CommitWatch {
  readonly #folder: string
  readonly #sessions: number[] = []
  #missing = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  readonly decorate = withPortTap((text, opening) => {
    if (!text.startsWith('@COMMIT')) return
    this.#sessions.push(opening)
    if (this.#intents().length < this.#sessions.length) this.#missing++
  })

  /** At most one COMMIT a session, each after an intent of its own, none twice for one certificate. */
  check(): void {
    expect(this.#missing).toBe(0)
    expect(new Set(this.#sessions).size).toBe(this.#sessions.length)
    const intents = this.#intents()
    expect(new Set(intents).size).toBe(intents.length)
  }

  #intents(): readonly unknown[] {
    return journalOf(this.#folder)
      .filter(({ type, step }) => type === 'intent' && step === 'commit')
      .map(({ data }) => data['certificate'])
  }
}

async function eventsOfOneBoard(): Promise<readonly StationEvent[]> {
  await using folder = await temporaryFolder()
  const run = await runTestLine({ folder: folder.path })
  expect(decisionsOf(run)).toMatchObject([{ verdict: 'PASS' }])
  return run.events.slice(0, -2)
}

/** Presses Ctrl+C when the event with this index comes. */
function runUntil(folder: string, index: number, commits: CommitWatch) {
  const interrupt = new AbortController()
  let count = 0
  return runTestLine({
    folder,
    signal: interrupt.signal,
    decorate: commits.decorate,
    onEvent: () => {
      if (count++ === index) interrupt.abort()
    },
  })
}

/** Nothing when no unit was begun yet; PASS when the evidence was complete. */
function verdictAt(names: readonly string[], index: number): string | undefined {
  const name = names[index] ?? ''
  if (index < names.indexOf('unit-started')) return undefined
  if (index === names.length - 1) return 'PASS'
  return beforeTheFirstWrite.has(name) ? 'ERROR' : 'QUARANTINE'
}

function nameOf(event: StationEvent): string {
  if (event.type === 'step-started') return `${event.step} started`
  return event.type === 'step-done' ? `${event.step} done` : event.type
}

function verdictOf(unit: Awaited<ReturnType<typeof unitsIn>>[number]): string | undefined {
  return unit.verdict?.verdict
}
