import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cryptoErrorTable } from '@keyline/crypto'
import { attestationRules } from '@keyline/matter'
import { commandTable, Form, statusTable } from '@keyline/stsafe/layout'
import { errorsPage } from '../../scripts/docs/errors-page.ts'
import { table } from '../../scripts/docs/markdown.ts'
import { withRoomsBlock } from '../../scripts/docs/rooms-block.ts'
import { stsafePage } from '../../scripts/docs/stsafe-page.ts'
import { root } from '../../scripts/root.ts'
import { FixtureTree } from './fixture-tree.ts'

const markers = ['<!-- rooms: made by npm run docs -->', '<!-- /rooms -->'].join('\n')

describe('the made pages', () => {
  it('name each error code with its meaning and remedy', async () => {
    const page = await errorsPage(root)
    for (const [code, { meaning, remedy }] of Object.entries(cryptoErrorTable)) {
      const line = page.split('\n').find((text) => text.startsWith(`| \`${code}\``))
      expect(line).toContain(meaning)
      expect(line).toContain(remedy)
    }
  })

  it('name each rule once', async () => {
    const page = await errorsPage(root)
    for (const rule of Object.keys(attestationRules)) {
      expect(page.split('\n').filter((text) => text.startsWith(`| ${rule} `))).toHaveLength(1)
    }
  })

  it('refuse a code that two tables have', async () => {
    const errors = `{ TWICE: { fault: 'bug', meaning: 'm', remedy: 'r' } }`
    using tree = new FixtureTree({
      'packages/low/src/index.ts': `export const lowErrorTable = ${errors}\n`,
      'packages/high/src/index.ts': `export const highErrorTable = ${errors}\n`,
    })
    await expect(errorsPage(tree.root)).rejects.toThrow(
      'TWICE stands in lowErrorTable and in highErrorTable',
    )
  })

  it('draw the rooms in their order, with the stages inside', () => {
    using tree = new FixtureTree({
      'packages/low/src/frame/frame.ts': "import '../bus/port.ts'\n",
      'packages/low/src/bus/port.ts': '',
      'packages/low/src/a-session/session.ts': "import '../frame/frame.ts'\n",
    })
    const rows = withRoomsBlock(tree.root, markers)
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      )
    expect(rows).toEqual([
      ['`low`', 'The low room', '–', 'bus → frame → a-session'],
      ['`middle`', 'The middle room', 'low', '–'],
      ['`high`', 'The high room', 'low, middle', '–'],
    ])
  })

  it('name each form of a command of the STSAFE-A120 once, each code and each status', () => {
    const lines = stsafePage().split('\n')
    const rows = lines.map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    const ofForms = rows.filter((row) => row.length === 9)
    for (const { name, section } of Object.values(Form)) {
      const named = ofForms.filter((row) => row[2] === name.replaceAll('*', String.raw`\*`))
      expect(named.map((row) => row[5])).toEqual([section])
    }
    for (const { title } of Object.values(commandTable)) {
      expect(rows.filter((row) => row[2] === title && row.length === 7)).toHaveLength(1)
    }
    for (const code of Object.keys(statusTable)) {
      expect(rows.filter((row) => row[2] === `\`${code}\``)).toHaveLength(1)
    }
  })

  it('write the fields of a command with their sizes', () => {
    expect(stsafePage()).toMatch(
      /^\| 0A 02 +\| Verify MAC +\| `slot u8 ‖ mac lv ‖ message {\.\.}` +\| `result u8` +\| 3\.9\.2 +\| 23 +\| none +\|$/m,
    )
    expect(stsafePage()).toMatch(/^\| 1F 07 .* `00 00 00 type u8 ‖ MAC key ‖ cipher key` /m)
    expect(stsafePage()).toMatch(/^\| 1F 1A +\| Decompress public key +\| 44 +\| protectable /m)
  })

  it('leave the rest of a page as it is', () => {
    const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
    const [before = '', after = ''] = page.split(/<!-- rooms[\s\S]*<!-- \/rooms -->/)
    const made = withRoomsBlock(root, page)
    expect(made.startsWith(before)).toBe(true)
    expect(made.endsWith(after)).toBe(true)
  })

  it('keep a table whole when a cell has a bar or a line end', () => {
    expect(table(['a'], [['x|y\nz']])).toBe('| a      |\n| ------ |\n| x\\|y z |')
  })
})
