import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseJson } from '@keyline/bytes'
import { openCommand } from '../../packages/cli/src/command/open-units.ts'
import type { ExitCode } from '../../packages/cli/src/exit-code.ts'
import { runKeyline, stackTrace, startKeyline, type Ended } from '../cli/support/keyline.ts'
import { writePassphrase, writeTestPki } from '../cli/support/pki.ts'
import { homeOf, openTestStation, temporaryFolder, writeOrder } from '../support/line.ts'
import { auditBatch } from './support/audit.ts'

/** Opens units inside this process. */
async function openInside(...args: readonly string[]): Promise<Ended> {
  let [out, code]: [string, ExitCode | null] = ['', null]
  const output = {
    isTerminal: false,
    hasColour: false,
    columns: 80,
    rows: 24,
    out: (text: string) => {
      out += text
    },
    err: () => undefined,
  }
  const command = openCommand(output, (ended) => {
    code = ended
  })
  await command.parseAsync(args, { from: 'user' })
  return { code, out, err: '' }
}

describe('the commands generate and open', () => {
  it('generate on several workers, stop at Ctrl+C, go on, and open what they made', async () => {
    await using folder = await temporaryFolder('keyline-generate')
    const { path } = folder
    const order = await writeOrder(path, { quantity: 1000 })
    const pki = await writeTestPki(join(path, 'pki'))
    const passphrase = await writePassphrase(path)
    const home = ['--home', homeOf(path)]
    const out = join(path, 'units')
    const file = join(out, 'units.sealed.jsonl')
    const keys = ['--pki', pki, '--passphrase-file', passphrase]
    const args = [
      'factory-data',
      'generate',
      order,
      '--count',
      '240',
      '--out',
      out,
      ...home,
      ...keys,
    ]
    const slow = [...args, '--iterations', '10000', '--jobs', '2', '--json']

    {
      await using running = startKeyline(slow)
      await running.until('"recorded":')
      await running.until('"type":"units-recorded","recorded":4')
      running.interrupt()
      const { code, err } = await running.ended
      expect(code).toBe(130)
      expect(err).toContain('stopping: the chunk in work is recorded')
      expect(err).not.toMatch(stackTrace)
    }
    const resumed = await runKeyline([...slow, '--resume'])
    expect({ code: resumed.code, err: resumed.err }).toEqual({ code: 0, err: '' })
    const events = resumed.out
      .trimEnd()
      .split('\n')
      .map((line) => parseJson(line, 'an event'))
    expect(events.at(-1)).toMatchObject({ type: 'batch-ended', file, units: 240 })
    expect(await auditBatch({ folder: path, order, pki }, { file, units: 240 })).toEqual([])

    const images = join(path, 'images')
    const one = await openInside(file, '--serial', 'T-000002', '--images', images, ...home)
    expect(one).toEqual({ code: 0, out: '1 units opened\n', err: '' })
    expect(await readdir(images)).toEqual(['T-000002.bin'])
    expect((await stat(join(images, 'T-000002.bin'))).mode & 0o777).toBe(0o600)

    const opened = join(path, 'opened.jsonl')
    expect(await openInside(file, '--out', opened, ...home)).toMatchObject({ code: 0 })
    const lines = (await readFile(opened, 'utf8')).trimEnd().split('\n')
    expect(lines).toHaveLength(240)
    expect((await stat(opened)).mode & 0o777).toBe(0o600)
    expect(parseJson(lines[1] ?? '', 'a unit')).toMatchObject({
      unit: 2,
      serialNumber: 'T-000002',
      qr: expect.stringMatching(/^MT:/),
      image: (await readFile(join(images, 'T-000002.bin'))).toString('base64'),
    })
    await expect(openInside(file, '--unit', '241', ...home)).rejects.toMatchObject({
      code: 'CLI_UNKNOWN_UNIT',
      message: expect.stringContaining('240 are recorded'),
    })

    const station = await openTestStation(path)
    const revealed: unknown[] = []
    await station.ledger.exportAudit((line) => {
      const record = Object(parseJson(line, 'audit'))
      if (record.type === 'secrets.revealed') revealed.push(record.data)
    })
    await station.close()
    expect(revealed).toMatchObject([
      { first: 2, last: 2 },
      { first: 1, last: 240 },
    ])
  })
})
