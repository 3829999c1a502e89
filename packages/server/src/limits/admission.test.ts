import { describe, expect, it } from 'vitest'
import { HandClock } from '../testing/hand-clock.ts'
import { Admission } from './admission.ts'

/** Work that ends when the test says so. */
function work(): { readonly run: () => Promise<string>; readonly end: (text: string) => void } {
  const ends: Array<(text: string) => void> = []
  const ended = new Promise<string>((resolve) => void ends.push(resolve))
  return { run: () => ended, end: (text) => ends.forEach((end) => end(text)) }
}

const overloaded = { code: 'SERVER_OVERLOADED' }

describe('the admission of requests', () => {
  it('runs as many as it has places, the others in the order in which they came', async () => {
    const admission = new Admission({ running: 1, waiting: 2, clock: new HandClock() })
    const [first, second] = [work(), work()]
    const ended: string[] = []
    const one = admission.run(first.run).then((text) => ended.push(text))
    const two = admission.run(second.run).then((text) => ended.push(text))
    const three = admission.run(async () => 'third').then((text) => ended.push(text))
    expect([admission.running, admission.waiting]).toEqual([1, 2])
    first.end('first')
    await one
    expect([admission.running, admission.waiting]).toEqual([1, 1])
    second.end('second')
    await Promise.all([two, three])
    expect(ended).toEqual(['first', 'second', 'third'])
    expect([admission.running, admission.waiting]).toEqual([0, 0])
  })

  it('refuses at once when the queue is full', async () => {
    const admission = new Admission({ running: 1, waiting: 1, clock: new HandClock() })
    const first = work()
    const running = [admission.run(first.run), admission.run(async () => 'queued')]
    await expect(admission.run(async () => 'late')).rejects.toMatchObject(overloaded)
    first.end('done')
    expect(await Promise.all(running)).toEqual(['done', 'queued'])
  })

  it('refuses who has waited too long, and leaves no place taken', async () => {
    const clock = new HandClock()
    const admission = new Admission({ running: 1, waiting: 4, waitMs: 50, clock })
    const first = work()
    const running = admission.run(first.run)
    const waiting = admission.run(async () => 'never')
    clock.pass(50)
    await expect(waiting).rejects.toMatchObject(overloaded)
    first.end('done')
    await running
    expect(await admission.run(async () => 'next')).toBe('next')
    expect(admission.running).toBe(0)
  })

  it('gives the place back when the work fails', async () => {
    const admission = new Admission({ running: 1, waiting: 0, clock: new HandClock() })
    await expect(admission.run(() => Promise.reject(new Error('x')))).rejects.toThrow('x')
    expect(await admission.run(async () => 'next')).toBe('next')
  })
})
