import { describe, expect, it } from 'vitest'
import { Gather, type Outcome } from './gather.ts'

const nothing = (): void => undefined

/** A gate that a run waits at until the test opens it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = nothing
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}

const answers = (jobs: readonly number[]): readonly Outcome<number>[] =>
  jobs.map((job) => ({ ok: true, answer: job * 10 }))

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at)

describe('jobs that are gathered', () => {
  it('are done together when they arrive together, and each gets its own answer', async () => {
    const groups: (readonly number[])[] = []
    const gather = new Gather<number, number>({
      run: (jobs) => {
        groups.push(jobs)
        return Promise.resolve(answers(jobs))
      },
    })
    expect(await Promise.all(range(5).map((job) => gather.add(job)))).toEqual([0, 10, 20, 30, 40])
    expect(groups).toEqual([range(5)])
  })

  it('wait for nobody when nobody is at work, and form a group while one is at work', async () => {
    const groups: (readonly number[])[] = []
    const { opened, open } = gate()
    const started = gate()
    const gather = new Gather<number, number>({
      run: async (jobs) => {
        groups.push(jobs)
        started.open()
        await opened
        return answers(jobs)
      },
    })
    const first = gather.add(1)
    await started.opened
    const others = range(200).map((job) => gather.add(job))
    open()
    expect(await first).toBe(10)
    await Promise.all(others)
    expect(groups.map(({ length }) => length)).toEqual([1, 64, 64, 64, 8])
    expect(groups.slice(1).flat()).toEqual(range(200))
  })

  it('are refused one by one, or all with the one error', async () => {
    const gather = new Gather<number, number>({
      run: (jobs) => {
        if (jobs.includes(99)) return Promise.reject(new Error('away'))
        return Promise.resolve(
          jobs.map((job) =>
            job % 2 === 0
              ? { ok: true, answer: job }
              : { ok: false, error: new Error(`odd ${job}`) },
          ),
        )
      },
    })
    const settled = await Promise.allSettled(range(3).map((job) => gather.add(job)))
    expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason))).toEqual([
      0,
      new Error('odd 1'),
      2,
    ])
    await expect(Promise.all([gather.add(2), gather.add(99)])).rejects.toThrow('away')
    expect(await gather.add(4)).toBe(4)
  })

  it('are never done together when they share a key', async () => {
    const groups: (readonly number[])[] = []
    const gather = new Gather<number, number>({
      run: (jobs) => {
        groups.push(jobs)
        return Promise.resolve(answers(jobs))
      },
      keyOf: (job) => String(job % 3),
    })
    await Promise.all([0, 1, 4, 2, 3, 6].map((job) => gather.add(job)))
    expect(groups).toEqual([[0, 1], [4, 2, 3], [6]])
  })

  it('are refused as busy when thousands wait', async () => {
    const { opened, open } = gate()
    const gather = new Gather<number, number>({
      run: async (jobs) => {
        await opened
        return answers(jobs)
      },
    })
    const waiting = range(4096).map((job) => gather.add(job))
    await expect(gather.add(0)).rejects.toMatchObject({ code: 'LEDGER_BUSY', retryable: true })
    open()
    expect(await Promise.all(waiting)).toHaveLength(4096)
  })
})
