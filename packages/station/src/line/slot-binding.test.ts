import { describe, expect, it } from 'vitest'
import type { Probe } from '../port/programmer.ts'
import { bindingOf, placeSlots, probeOf } from './slot-binding.ts'

const probe = (serialNumber: string): Probe => ({ serialNumber, boardName: 'board' })
const probes = [probe('A'), probe('B'), probe('C')]
const placed = (slots: readonly { readonly number: number; readonly probe: Probe }[]) =>
  slots.map(({ number, probe: { serialNumber } }) => [number, serialNumber])

describe('slots without a binding', () => {
  it('take the probes in the order of the list', () => {
    const { slots, refused } = placeSlots({ probes, wanted: 2 })
    expect(placed(slots)).toEqual([
      [1, 'A'],
      [2, 'B'],
    ])
    expect(refused).toEqual([])
  })

  it('use neither of two probes with one name (row F-32)', () => {
    const { slots } = placeSlots({ probes: [probe('A'), probe('A'), probe('B')], wanted: 1 })
    expect(placed(slots)).toEqual([[1, 'B']])
    expect(() => placeSlots({ probes: [probe('A'), probe('B'), probe('A')], wanted: 2 })).toThrow(
      expect.objectContaining({ code: 'STATION_BUSY' }),
    )
  })

  it('are not fewer than were asked for', () => {
    expect(() => placeSlots({ probes, wanted: 4 })).toThrow(
      expect.objectContaining({
        code: 'STATION_NO_BOARD',
        message: expect.stringContaining('4 slots'),
      }),
    )
  })
})

describe('slots with a binding', () => {
  const binding = [
    { slot: 3, probe: 'A', location: '1-3' },
    { slot: 1, probe: 'B', location: '1-1' },
    { slot: 2, probe: 'C' },
  ]
  const locations = new Map([
    ['A', '1-3'],
    ['B', '1-1'],
    ['C', '1-2'],
  ])

  it('keep their probes, whatever the order of the list', () => {
    const { slots } = placeSlots({ probes: probes.toReversed(), wanted: 3, binding, locations })
    expect(placed(slots)).toEqual([
      [1, 'B'],
      [2, 'C'],
      [3, 'A'],
    ])
  })

  it('are bound by their probe alone where the system tells no places', () => {
    expect(placed(placeSlots({ probes, wanted: 3, binding }).slots)).toHaveLength(3)
  })

  it.each([
    ['is missing', [probe('B'), probe('C')], locations, 'STATION_NO_BOARD', 'not connected'],
    [
      'was swapped for another',
      [probe('X'), probe('B'), probe('C')],
      new Map([...locations, ['X', '1-3']]).set('A', ''),
      'STATION_SLOT_CHANGED',
      'probe X is in its place',
    ],
    [
      'was moved',
      probes,
      new Map([...locations, ['A', '1-4.1']]),
      'STATION_SLOT_CHANGED',
      'at USB place 1-4.1, it was bound at 1-3',
    ],
    ['is there twice', [...probes, probe('A')], locations, 'STATION_BUSY', 'two probes'],
  ])('stop when their probe %s, and stop alone', (_, listed, places, code, message) => {
    const found = new Map([...places].filter(([, place]) => place !== ''))
    const input = { probes: listed, wanted: 3, binding, locations: found }
    const { slots, refused } = placeSlots(input)
    expect(placed(slots)).toEqual([
      [1, 'B'],
      [2, 'C'],
    ])
    expect(refused).toMatchObject([
      { slot: 3, error: { code, message: expect.stringContaining(message) } },
    ])
    expect(refused[0]?.error.remedy).not.toBe('')
  })

  it('refuse the run when none is left, or fewer are bound than wanted', () => {
    expect(() => placeSlots({ probes: [], wanted: 3, binding })).toThrow(
      expect.objectContaining({ code: 'STATION_NO_BOARD' }),
    )
    expect(() => placeSlots({ probes, wanted: 4, binding })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('3 are bound') }),
    )
  })

  it('find their probe again while nothing was moved', () => {
    const [bound] = binding
    if (bound === undefined) throw new Error('nothing is bound')
    expect(probeOf(bound, { probes, locations })).toEqual(probe('A'))
  })
})

describe('a new binding', () => {
  it('goes by the places of the probes, counted as numbers', () => {
    const locations = new Map([
      ['A', '1-10'],
      ['B', '1-2.4'],
      ['C', '1-2.1'],
    ])
    expect(bindingOf(probes, locations)).toEqual([
      { slot: 1, probe: 'C', location: '1-2.1' },
      { slot: 2, probe: 'B', location: '1-2.4' },
      { slot: 3, probe: 'A', location: '1-10' },
    ])
  })

  it('keeps the order of the list where there are no places', () => {
    expect(bindingOf(probes)).toEqual([
      { slot: 1, probe: 'A' },
      { slot: 2, probe: 'B' },
      { slot: 3, probe: 'C' },
    ])
  })

  it('refuses two probes with one name', () => {
    expect(() => bindingOf([probe('A'), probe('A')])).toThrow(
      expect.objectContaining({ code: 'STATION_BUSY' }),
    )
  })
})
