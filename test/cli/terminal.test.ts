import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/line.ts'
import { keyline, stackTrace } from './support/keyline.ts'
import { ctrlC, hideCursor, screenOf, showCursor, startOnTerminal } from './support/terminal.ts'

const colour = /\u001b\[\d+m/

describe('on a terminal', () => {
  it('updates a table in place, one line a slot, and gives the cursor back', async () => {
    await using folder = await temporaryFolder('keyline-terminal')
    await using running = startOnTerminal(['demo', '--fast', '--slots', '2'], {
      cwd: folder.path,
      env: { TERM: 'xterm' },
    })
    const { code, out } = await running.ended
    expect(code).toBe(0)
    expect(out.split(hideCursor)).toHaveLength(2)
    expect(out.lastIndexOf(showCursor)).toBeGreaterThan(out.lastIndexOf(hideCursor))
    expect(out).toMatch(/\u001b\[\d+A\r/)
    expect(out).toMatch(colour)
    const rows = screenOf(out).filter((line) => /^ {2}0\d {2}/.test(line))
    expect(rows).toHaveLength(2)
    for (const [index, row] of rows.entries()) {
      expect(row).toMatch(
        new RegExp(`^ {2}0${index + 1} {2}ST-00000[12] +\\d+ s {2}● PASS {2}evidence complete`),
      )
    }
    expect(screenOf(out).filter((line) => line.includes('ST-000001'))).toHaveLength(1)
  })

  it('shows no colours under NO_COLOR, and gives the cursor back after Ctrl+C', async () => {
    await using folder = await temporaryFolder('keyline-terminal')
    await using running = startOnTerminal(['demo', '--slots', '2'], {
      cwd: folder.path,
      env: { TERM: 'xterm', NO_COLOR: '1' },
    })
    await running.until('program provisioning')
    running.process.stdin?.write(ctrlC)
    const { code, out } = await running.ended
    expect(code).toBe(130)
    expect(out).not.toMatch(colour)
    expect(out).not.toMatch(stackTrace)
    expect(out.lastIndexOf(showCursor)).toBeGreaterThan(out.lastIndexOf(hideCursor))
    expect(screenOf(out).join('\n')).toMatch(/0 PASS {2}0 FAIL {2}0 ERROR {2}2 QUARANTINE/)

    const where = ['--home', join(folder.path, 'keyline-data')]
    const results = ['--results', join(folder.path, 'keyline-results')]
    const resumed = await keyline('demo', '--fast', '--slots', '2', ...where, ...results)
    expect(resumed).toMatchObject({ code: 0, err: '' })
    expect(resumed.out).toContain('order demo-0001   2 PASS')
  })
})
