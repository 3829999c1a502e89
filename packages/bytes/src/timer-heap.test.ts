import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TimerHeap, type Timer } from './timer-heap.ts'

const timer = (at: number, order: number): Timer => ({
  at,
  order,
  fire: () => undefined,
  place: -1,
})

describe('the heap of timers', () => {
  it('gives nothing when it is empty', () => {
    expect(new TimerHeap().takeFirst()).toBeUndefined()
  })

  it('behaves as a sorted list under any adding, removing and taking', () => {
    const act = fc.oneof(
      { weight: 3, arbitrary: fc.record({ add: fc.nat(20) }) },
      { weight: 2, arbitrary: fc.record({ remove: fc.nat(30) }) },
      { weight: 1, arbitrary: fc.constant('take' as const) },
    )
    fc.assert(
      fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
        const heap = new TimerHeap()
        const model: Timer[] = []
        for (const [order, each] of acts.entries()) {
          if (each === 'take') {
            expect(heap.takeFirst()).toBe(model.shift())
          } else if ('add' in each) {
            const added = timer(each.add, order)
            heap.add(added)
            model.push(added)
            model.sort((a, b) => a.at - b.at || a.order - b.order)
          } else {
            const [removed] = model.splice(each.remove % Math.max(1, model.length), 1)
            if (removed !== undefined) heap.remove(removed)
          }
          expect(heap.size).toBe(model.length)
          expect(heap.first).toBe(model[0])
        }
        while (model.length > 0) expect(heap.takeFirst()).toBe(model.shift())
        expect(heap.takeFirst()).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })

  it('does not mind the removal of a timer that has left already', () => {
    const heap = new TimerHeap()
    const [first, second] = [timer(1, 0), timer(2, 1)]
    heap.add(first)
    heap.add(second)
    expect(heap.takeFirst()).toBe(first)
    heap.remove(first)
    heap.remove(first)
    expect(heap.takeFirst()).toBe(second)
  })
})
