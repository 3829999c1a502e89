import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { StationEvent } from '@keyline/station'
import { clockOf } from '../../packages/cli/src/wiring/run-order.ts'
import { runTestLine, temporaryFolder } from '../support/line.ts'
import { Hub } from './support/hub.ts'

/** Every event that there is: a new one is missing here first. */
const types: Readonly<Record<StationEvent['type'], true>> = {
  'run-started': true,
  notice: true,
  'unit-started': true,
  'step-started': true,
  'step-done': true,
  'board-log': true,
  'unit-decided': true,
  'slot-stopped': true,
  alarm: true,
  'slot-returned': true,
  'run-ended': true,
}

/** Members of each event by the table of the page; those with a question mark may be absent. */
function documented(): ReadonlyMap<
  string,
  { readonly always: string[]; readonly maybe: string[] }
> {
  const page = readFileSync(new URL('../../docs/line.md', import.meta.url), 'utf8')
  const rows = page.slice(page.indexOf('## Events')).matchAll(/^\| `([a-z-]+)` +\| ([^|]+)\|/gm)
  return new Map(
    [...rows].map(([, type = '', cell = '']) => {
      const members = [...cell.matchAll(/`(\w+)`(\??)/g)]
      const named = (mark: string) =>
        members.filter(([, , found]) => found === mark).map(([, name = '']) => name)
      return [type, { always: named(''), maybe: named('?') }]
    }),
  )
}

describe('the events of a run', () => {
  it('stand in the page, each with its members, and can be written as JSON', async () => {
    await using folder = await temporaryFolder()
    const hub = new Hub()
    const clock = clockOf(true)
    let isDown = false
    const run = await runTestLine({
      folder: folder.path,
      slots: 2,
      quantity: 4,
      certificateLimit: 12,
      boardsInMemory: true,
      clock,
      decorate: hub.between,
      onEvent: (event) => {
        if (event.type !== 'step-started' || event.step !== 'exchange' || isDown) return
        isDown = true
        hub.down()
        void clock.sleep(30_000).then(() => hub.up())
      },
    })
    const stopped = await runTestLine({
      folder: folder.path,
      id: 'order-2',
      quantity: 2,
      boardsInMemory: true,
      faults: [{ slot: 1, name: 'no-target' }],
    })
    const table = documented()
    expect([...table.keys()].toSorted()).toEqual(Object.keys(types).toSorted())
    const events = [...run.events, ...stopped.events]
    for (const event of events) {
      const { type, ...members } = event
      expect(JSON.parse(JSON.stringify(event))).toMatchObject({ type })
      const { always = [], maybe = [] } = table.get(type) ?? {}
      const named = Object.entries(members)
        .filter(([, value]) => value !== undefined)
        .map(([name]) => name)
      expect(named, type).toEqual(expect.arrayContaining(always))
      expect([...always, ...maybe], type).toEqual(expect.arrayContaining(named))
    }
    const seen = new Set(events.map(({ type }) => type))
    expect([...seen]).toEqual(expect.arrayContaining(['alarm', 'slot-returned', 'unit-decided']))
  })
})
