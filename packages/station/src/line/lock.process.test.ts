import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bundledProgram } from '../../../../test/support/bundled-program.ts'
import { scaled } from '../../../../test/support/scale.ts'
import { takeLock } from './lock.ts'

const program = await bundledProgram(
  fileURLToPath(new URL('../testing/hold-lock.ts', import.meta.url)),
)

let folder: string
let children: ChildProcess[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-lock-'))
  children = []
})
afterEach(async () => {
  await Promise.all(children.map(kill))
  rmSync(folder, { recursive: true })
})

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

function begin(): ChildProcess {
  return fork(program, [folder, 'probe/1'], { execArgv: [] })
}

/** One process and others beside it, ready to be told what to do. */
async function start(others: number): Promise<readonly [ChildProcess, ...ChildProcess[]]> {
  const started = [begin(), ...Array.from({ length: others }, begin)] as const
  children.push(...started)
  await Promise.all(started.map((child) => once(child, 'message')))
  return started
}

async function startTwo(): Promise<readonly [ChildProcess, ChildProcess]> {
  const [[first], [second]] = await Promise.all([start(0), start(0)])
  return [first, second]
}

async function tell(child: ChildProcess, order: string): Promise<string> {
  const answer = once(child, 'message')
  child.send(order)
  const [text] = await answer
  return String(text)
}

describe('a lock', () => {
  it('keeps a second process out, names the first one, and is free after its release', async () => {
    const [first, second] = await startTwo()
    expect(await tell(first, 'take')).toBe('taken')
    const refusal = `STATION_BUSY probe/1 is in use by process ${first.pid}`
    expect(await tell(second, 'take')).toBe(refusal)
    await expect(takeLock(folder, 'probe/1')).rejects.toMatchObject({
      code: 'STATION_BUSY',
      fault: 'operator',
      message: expect.stringContaining(String(first.pid)),
    })
    expect(await tell(first, 'release')).toBe('released')
    expect(await tell(second, 'take')).toBe('taken')
    expect(readdirSync(folder)).toEqual(['probe_1.lock'])
  })

  it('of a process that was killed is taken over', async () => {
    const [first, second] = await startTwo()
    expect(await tell(first, 'take')).toBe('taken')
    await kill(first)
    expect(await tell(second, 'take')).toBe('taken')
  })

  it('of a dead process goes to exactly one of several that find it', async () => {
    const [dead, ...racers] = await start(4)
    expect(await tell(dead, 'take')).toBe('taken')
    await kill(dead)
    const path = join(folder, 'probe_1.lock')
    for (let round = 0; round < scaled(100, 2000); round++) {
      if (round > 0) writeFileSync(path, round % 2 === 0 ? '' : `${dead.pid}\n`)
      const answers = await Promise.all(racers.map((racer) => tell(racer, 'take')))
      const taken = answers.filter((answer) => answer === 'taken')
      expect(taken, `round ${round}: ${answers.join('; ')}`).toHaveLength(1)
      await Promise.all(racers.map((racer) => tell(racer, 'release')))
      expect(readdirSync(folder)).toEqual([])
    }
  })
})

describe('a lock within one process', () => {
  it('is held once, and again after its release', async () => {
    const lock = await takeLock(folder, 'station')
    await expect(takeLock(folder, 'station')).rejects.toMatchObject({ code: 'STATION_BUSY' })
    const other = await takeLock(folder, 'probe')
    await lock.release()
    const again = await takeLock(folder, 'station')
    await lock.release()
    await expect(takeLock(folder, 'station')).rejects.toMatchObject({ code: 'STATION_BUSY' })
    await Promise.all([again.release(), other.release()])
    expect(readdirSync(folder)).toEqual([])
  })

  it.each([
    ['no process', ''],
    ['our own number, from before a restart', `${process.pid}\n`],
    ['nonsense', 'x'],
    ['a whole process group', '-1\n'],
    ['number 0', '0\n'],
  ])('is taken over when its file names %s', async (_, text) => {
    writeFileSync(join(folder, 'station.lock'), text)
    const lock = await takeLock(folder, 'station')
    await lock.release()
  })

  it('of a process of somebody else is respected', async () => {
    writeFileSync(join(folder, 'station.lock'), '1\n')
    await expect(takeLock(folder, 'station')).rejects.toMatchObject({
      code: 'STATION_BUSY',
      message: 'station is in use by process 1',
    })
  })

  it('makes its folder, and no file outside of it', async () => {
    const lock = await takeLock(join(folder, 'locks'), '../../probe')
    expect(readdirSync(folder)).toEqual(['locks'])
    expect(readdirSync(join(folder, 'locks'))).toHaveLength(1)
    await lock.release()
  })
})
