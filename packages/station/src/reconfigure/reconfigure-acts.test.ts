import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BytesError, systemClock } from '@keyline/bytes'
import { profiles } from '@keyline/matter'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StationError } from '../errors.ts'
import { planOf } from '../gen-factory-data/plan.ts'
import { resolveOptions } from '../gen-factory-data/resolve-options.ts'
import { runPlan } from '../gen-factory-data/run-plan.ts'
import { Journal } from '../journal/journal-file.ts'
import { takeLock } from '../line/lock.ts'
import type { Programmer, Target } from '../port/programmer.ts'
import { ReconfigureActs } from './reconfigure-acts.ts'
import type { ReconfigureEvent } from './reconfigure-event.ts'
import type { WirelessProgrammer } from './wireless-acts.ts'

const image = Uint8Array.from(
  readFileSync(
    join(import.meta.dirname, '../../../../test/vectors/matter/factory-data/full-fff1-8004.bin'),
  ),
)
const address = 0x081e_c000
const setting = {
  profile: profiles.wba,
  mode: 'reconfigure',
  policy: 'test',
  keyStorage: 'flash',
} as const

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-reconfigure-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A board whose flash is one region; a test overrides what it needs. */
class OneBoard implements Programmer, WirelessProgrammer {
  readonly acts: string[] = []
  target: Target = { deviceId: 0x4b0, deviceName: 'WBA6', uid: new Uint8Array(12), rdp: 0 }
  flash = new Uint8Array(image.length).fill(0xff)

  async list() {
    return [{ serialNumber: 'A1', boardName: 'DK' }]
  }
  async connect(): Promise<Target> {
    return this.target
  }
  async download(_: string, at: number, octets: Uint8Array): Promise<void> {
    this.acts.push(`download ${at.toString(16)}`)
    this.flash = Uint8Array.from(octets)
  }
  async read(): Promise<Uint8Array> {
    return this.flash
  }
  async reset(): Promise<void> {
    this.acts.push('reset')
  }
  async eraseAll(): Promise<void> {
    this.acts.push('erase')
  }
  async setOptionBytes(_: string, values: Readonly<Record<string, number>>): Promise<void> {
    this.acts.push(`options ${JSON.stringify(values)}`)
  }
  async startWirelessStack(): Promise<void> {
    this.acts.push('start stack')
  }
  async upgradeCoprocessor(): Promise<void> {
    this.acts.push('upgrade')
  }
}

interface Ran {
  readonly exitCode: number
  readonly verdicts: readonly string[]
  readonly steps: readonly string[]
}

/** Writes the image to the board with these further options. */
async function run(board: OneBoard, more = '', interrupt = new AbortController()): Promise<Ran> {
  const words = `--provisioning 0 --binary full.bin --flashAddr 0x081EC000${more}`.split(' ')
  const { options } = resolveOptions(words, () => true)
  if (options === undefined) throw new Error('no options')
  const events: ReconfigureEvent[] = []
  const { journal } = await Journal.open({ folder, clock: systemClock })
  const acts = new ReconfigureActs({
    options,
    image,
    firmware: new Map(),
    setting,
    demo: true,
    programmer: board,
    wireless: board,
    journal,
    lockFolder: join(folder, 'locks'),
    run: 'r1',
    clock: systemClock,
    signal: interrupt.signal,
    onEvent: (event) => events.push(event),
  })
  const { exitCode } = await runPlan({
    plan: ({ port }) => planOf(options, port),
    needsPort: false,
    jobs: 1,
    acts,
  })
  await journal.close()
  const lines = readFileSync(join(folder, 'journal.jsonl'), 'utf8').trim().split('\n')
  return {
    exitCode,
    verdicts: events.flatMap((event) =>
      event.type === 'board-decided' ? [`${event.record.verdict} ${event.record.reason}`] : [],
    ),
    steps: lines.map((line) => {
      const { type, step } = JSON.parse(line)
      return `${type} ${step}`
    }),
  }
}

describe('a board whose data are rewritten', () => {
  it('is good when it holds the image and the key of its certificate', async () => {
    const board = new OneBoard()
    expect(await run(board)).toMatchObject({ exitCode: 0, verdicts: ['PASS complete'] })
    expect(board.acts).toEqual([`download ${address.toString(16)}`, 'reset'])
  })

  it('is bad when it holds something else', async () => {
    const board = new OneBoard()
    board.download = async () => undefined
    expect(await run(board)).toMatchObject({ exitCode: 1, verdicts: ['FAIL EVIDENCE_DATA'] })
  })

  it.each<[string, Partial<Target>, string]>([
    ['is protected', { rdp: 1 }, 'ERROR STATION_PROTECTED'],
    ['is of another kind', { deviceId: 0x495 }, 'ERROR STATION_WRONG_DEVICE'],
  ])('is not written when it %s', async (_, target, verdict) => {
    const board = new OneBoard()
    board.target = { ...board.target, ...target }
    expect(await run(board)).toMatchObject({ exitCode: 1, verdicts: [verdict] })
    expect(board.acts).toEqual([])
  })

  it('is not touched while another run holds its probe', async () => {
    const board = new OneBoard()
    const lock = await takeLock(join(folder, 'locks'), 'probe-A1')
    expect(await run(board)).toMatchObject({ exitCode: 1, verdicts: ['ERROR STATION_BUSY'] })
    expect(board.acts).toEqual([])
    await lock.release()
  })

  it('is not judged when another one answers in its place', async () => {
    const board = new OneBoard()
    board.reset = async () => {
      board.target = { ...board.target, uid: new Uint8Array(12).fill(1) }
    }
    expect(await run(board)).toMatchObject({
      exitCode: 1,
      verdicts: ['ERROR STATION_BOARD_CHANGED'],
    })
  })

  it('is not blamed for its programmer', async () => {
    const board = new OneBoard()
    board.download = async () => {
      throw new StationError('STATION_PROGRAMMER', 'no-probe: gone')
    }
    expect(await run(board)).toMatchObject({ exitCode: 1, verdicts: ['ERROR STATION_PROGRAMMER'] })
  })

  it('waits for a person when it was interrupted after the first write', async () => {
    const board = new OneBoard()
    const interrupt = new AbortController()
    board.reset = async () => {
      interrupt.abort()
      throw new BytesError('INTERRUPTED', 'interrupted by the operator')
    }
    expect(await run(board, '', interrupt)).toMatchObject({
      exitCode: 130,
      verdicts: ['QUARANTINE INTERRUPTED'],
      steps: [
        'intent build-image',
        'outcome build-image',
        'intent program',
        'outcome program',
        'intent reset',
        'outcome reset',
        'decided verdict',
      ],
    })
  })

  it('is free again for the next run, however this one ended', async () => {
    const board = new OneBoard()
    board.target = { ...board.target, rdp: 1 }
    await run(board)
    board.target = { ...board.target, rdp: 0 }
    expect(await run(board)).toMatchObject({ exitCode: 0 })
  })

  it('is closed last, and not again when it says that it is closed', async () => {
    const board = new OneBoard()
    expect(await run(board, ' --rdp 1 --erase')).toMatchObject({ exitCode: 0 })
    expect(board.acts).toEqual(['erase', 'download 81ec000', 'reset', 'options {"RDP":187}'])
    const closed = new OneBoard()
    let asked = 0
    closed.connect = async () => ({ ...closed.target, rdp: ++asked > 2 ? 1 : 0 })
    expect(await run(closed, ' --rdp 1')).toMatchObject({
      exitCode: 0,
      verdicts: ['PASS complete'],
    })
    expect(closed.acts).toEqual(['download 81ec000', 'reset'])
  })

  it('stays open when it is bad', async () => {
    const board = new OneBoard()
    board.read = async () => new Uint8Array(image.length)
    expect(await run(board, ' --rdp 2')).toMatchObject({ exitCode: 1 })
    expect(board.acts).not.toContain('options {"RDP":204}')
  })

  it('is not good when its protection could not be set', async () => {
    const board = new OneBoard()
    board.setOptionBytes = async () => {
      throw new StationError('STATION_PROGRAMMER', 'other: refused')
    }
    expect(await run(board, ' --rdp 1')).toMatchObject({
      exitCode: 1,
      verdicts: ['ERROR STATION_PROGRAMMER'],
    })
  })
})
