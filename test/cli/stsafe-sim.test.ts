import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseJson } from '@keyline/bytes'
import { keyline, runKeyline, startKeyline } from './support/keyline.ts'

let folder: string

beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'ks-'))))
afterEach(() => rm(folder, { recursive: true }))

const inFolder = (name: string): string => join(folder, name)
const simulate = (...args: readonly string[]) =>
  startKeyline(['stsafe', 'sim', '--state', inFolder('chip.json'), ...args])

async function documentOf(...args: readonly string[]): Promise<unknown> {
  const { out } = await keyline('stsafe', ...args, '--json')
  return parseJson(out, 'the result')
}

/** What a new chip of a seed says of itself. */
async function seededInfo(state: string): Promise<unknown> {
  const device = `unix:${inFolder(`${state}.sock`)}`
  const kept = ['--seed', '7', '--state', inFolder(state)]
  await using chip = startKeyline(['stsafe', 'sim', '--listen', device, ...kept])
  await chip.until('kept in')
  return await documentOf('info', '--device', device)
}

describe('stsafe sim', () => {
  it('serves one chip on a Unix socket, survives kill -9, and closes its socket on Ctrl+C', async () => {
    const device = `unix:${inFolder('chip.sock')}`
    let first: unknown
    {
      await using chip = simulate('--listen', device)
      await chip.until('new, kept in')
      first = await documentOf('info', '--device', device)
      chip.process.kill('SIGKILL')
      await chip.ended
    }
    expect(existsSync(inFolder('chip.sock'))).toBe(true)
    await using chip = simulate('--listen', device)
    await chip.until('as it was, kept in')
    const other = await keyline('stsafe', 'random', '--device', `sim:${inFolder('chip.json')}`)
    expect(other).toMatchObject({ code: 3, out: '' })
    expect(other.err).toMatch(
      new RegExp(
        `STSAFE_BUS_IN_USE: the chip in .+chip.json is in use by process ${chip.process.pid}`,
      ),
    )
    expect(await documentOf('info', '--device', device)).toEqual(first)
    chip.interrupt()
    expect(await chip.ended).toMatchObject({
      code: 130,
      err: '\nstopping: the simulator closes its socket (Ctrl+C again ends at once)\n',
    })
    expect(existsSync(inFolder('chip.sock'))).toBe(false)
  })

  it('serves on TCP, and breaks where it is told to', async () => {
    await using chip = simulate(
      '--listen',
      'tcp:127.0.0.1:0',
      '--fault',
      'lose-response@3',
      '--json',
    )
    await chip.until('\n')
    const started = parseJson(chip.said.split('\n')[0] ?? '', 'the first line')
    const address = String(Object(started).listening)
    expect(address).toMatch(/^tcp:127\.0\.0\.1:\d+$/)
    const { code, err } = await keyline('stsafe', 'info', '--device', address)
    expect(code).toBe(3)
    expect(err).toContain('STSAFE_BUS_BUSY')
    expect(await documentOf('random', '4', '--device', address)).toHaveProperty('random')
  })

  it('makes the same chip of the same seed', async () => {
    expect(await seededInfo('a.json')).toEqual(await seededInfo('b.json'))
  })

  it.each([
    [['--listen', 'serial:0'], 'SIM_LISTEN', 3],
    [['--listen', 'tcp:127.0.0.1:0', '--fault', 'explode@1'], 'SIM_FAULT', 2],
    [['--listen', 'tcp:127.0.0.1:0', '--profile', 'package.json'], 'SIM_PROFILE', 2],
  ])('refuses %j', async (args, code, exit) => {
    const ended = await runKeyline(['stsafe', 'sim', ...args])
    expect(ended).toMatchObject({ code: exit, out: '' })
    expect(ended.err).toContain(code)
  })
})
