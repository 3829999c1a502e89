import { describe, expect, it } from 'vitest'
import type { Clock } from '@keyline/bytes'
import type { StepName } from '@keyline/station'
import { clockOf } from '@keyline/cli/wiring'
import { runTestLine, temporaryFolder } from '../support/line.ts'
import {
  decisionOf,
  decisionsOf,
  liveCertificates,
  signatureJitterMs,
  unitsIn,
} from './support/outcome.ts'

const day = 86_400_000
const year = 365 * day

/** A virtual clock whose wall time can jump. Its waits do not. */
class JumpingClock implements Clock {
  readonly #inner = clockOf(true)
  offsetMs = 0

  now(): number {
    return this.#inner.now() + this.offsetMs
  }

  monotonicMs(): number {
    return this.#inner.monotonicMs()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#inner.sleep(ms, signal)
  }

  during<T>(work: () => Promise<T>): Promise<T> {
    return this.#inner.during(work)
  }
}

/** Row F-30; fault matrix TIME-1. */
describe('the wall clock', () => {
  it('before the build date touches no board', async () => {
    await using folder = await temporaryFolder()
    const clock = new JumpingClock()
    clock.offsetMs = -10 * year
    const run = runTestLine({ folder: folder.path, clock })
    await expect(run).rejects.toMatchObject({ code: 'STATION_CLOCK', fault: 'infrastructure' })
    expect(await unitsIn(folder.path)).toEqual([])
  })

  it.each([
    ['a day back', -day],
    ['a day on', day],
    ['ten years on', 10 * year],
  ])('%s in mid-run changes no deadline and no verdict', async (_, offsetMs) => {
    const undisturbed = decisionOf(await runWithJump('exchange', 0))
    for (const step of ['bind', 'exchange', 'read-back'] as const) {
      const run = await runWithJump(step, offsetMs)
      // What was issued today is not valid yesterday: that is told below.
      if (step === 'read-back' && offsetMs < 0) continue
      const { verdict, ms } = decisionOf(run)
      expect(verdict).toBe('PASS')
      expect(Math.abs(ms - undisturbed.ms)).toBeLessThanOrEqual(signatureJitterMs)
    }
  })

  it('ten years back gets no certificate', async () => {
    const run = await runWithJump('exchange', -10 * year)
    expect(decisionOf(run)).toMatchObject({ verdict: 'ERROR', reason: 'ISSUER_CLOCK_WRONG' })
  })

  it('before the last certificate gets none', async () => {
    await using folder = await temporaryFolder()
    const clock = new JumpingClock()
    const run = await runTestLine({
      folder: folder.path,
      clock,
      quantity: 2,
      onEvent: (event) => {
        if (event.type === 'unit-decided') clock.offsetMs = -day
      },
    })
    expect(decisionsOf(run)).toMatchObject([
      { verdict: 'PASS' },
      { verdict: 'ERROR', reason: 'LEDGER_CLOCK' },
    ])
    expect((await unitsIn(folder.path)).map(liveCertificates)).toEqual([1, 0])
  })

  it('that jumps back behind the new certificate blames no board, and the board passes when it is right', async () => {
    for (const offsetMs of [-day, -10 * year]) {
      await using folder = await temporaryFolder()
      const clock = new JumpingClock()
      const first = decisionOf(
        await runTestLine({
          folder: folder.path,
          clock,
          onEvent: (event) => {
            if (event.type === 'step-started' && event.step === 'read-back') {
              clock.offsetMs = offsetMs
            }
          },
        }),
      )
      const doubtful = { verdict: 'QUARANTINE', reason: 'STATION_CERTIFICATE_REFUSED' }
      expect(first).toMatchObject(doubtful)
      const yesterday = new JumpingClock()
      yesterday.offsetMs = -day
      const second = await runTestLine({ folder: folder.path, resume: true, clock: yesterday })
      expect(decisionOf(second)).toMatchObject({ unit: first.unit, ...doubtful })
      const third = await runTestLine({ folder: folder.path, resume: true })
      expect(decisionOf(third)).toMatchObject({ unit: first.unit, verdict: 'PASS' })
    }
  })
})

/** One board; the wall clock jumps when the step begins. */
async function runWithJump(step: StepName, offsetMs: number) {
  await using folder = await temporaryFolder()
  const clock = new JumpingClock()
  return await runTestLine({
    folder: folder.path,
    boardsInMemory: true,
    clock,
    onEvent: (event) => {
      if (event.type === 'step-started' && event.step === step) clock.offsetMs = offsetMs
    },
  })
}
