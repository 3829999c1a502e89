import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseJson } from '@keyline/bytes'
import { temporaryFolder, writeOrder } from '../support/line.ts'
import { keyline, startKeyline } from './support/keyline.ts'
import { writePassphrase, writeTestPki } from './support/pki.ts'

describe('a run in real time, in a process of its own', () => {
  it('keeps others out, comes to a recorded state after Ctrl+C, and is finished by --resume', async () => {
    await using folder = await temporaryFolder('keyline-interrupt')
    const order = await writeOrder(folder.path, { quantity: 2 })
    const home = join(folder.path, 'home')
    const keys = ['--pki', await writeTestPki(join(folder.path, 'pki'))]
    keys.push('--passphrase-file', await writePassphrase(folder.path))
    const folders = ['--home', home, '--results', join(folder.path, 'results')]
    const args = ['provision', order, '--slots', '2', ...folders, ...keys]
    await using running = startKeyline([...args, '--json'])
    await running.until('"step":"program-provisioning"')

    for (const other of [args, ['unit', 'show', 'T-000001', '--home', home]]) {
      const { code, out, err } = await keyline(...other)
      expect({ code, out }).toEqual({ code: 3, out: '' })
      expect(err).toContain(`STATION_BUSY: station is in use by process ${running.process.pid}`)
    }

    running.interrupt()
    const { code, out, err } = await running.ended
    expect(code).toBe(130)
    expect(err).toBe('\nstopping: slots come to a recorded state (Ctrl+C again ends at once)\n')
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => parseJson(line, 'an event'))
    expect(events.at(-1)).toMatchObject({ type: 'run-ended', summary: { interrupted: true } })
    const decided = events.filter((event) => Object(event).type === 'unit-decided')
    expect(decided).toHaveLength(2)
    for (const event of decided) {
      expect(event).toMatchObject({ record: { verdict: 'QUARANTINE', reason: 'INTERRUPTED' } })
    }

    const without = await keyline(...args, '--fast')
    expect(without).toMatchObject({ code: 3 })
    expect(without.err).toMatch(/STATION_UNFINISHED: .+T-00000[12].+Remedy: .+--resume/)

    const resumed = await keyline(...args, '--fast', '--resume')
    expect({ code: resumed.code, err: resumed.err }).toEqual({ code: 0, err: '' })
    expect(resumed.out).toContain('order order-1   2 PASS  0 FAIL  0 ERROR  0 QUARANTINE')
    const units = await readdir(join(folder.path, 'results', 'order-1', 'units'))
    expect(units.toSorted()).toEqual(['T-000001', 'T-000002'])
  })
})
