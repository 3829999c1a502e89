import { describe, expect, it } from 'vitest'
import { licences } from '../../scripts/check/licences.ts'
import { sourceRules } from '../../scripts/check/source-rules.ts'
import type { HouseCheck } from '../../scripts/check/violation.ts'
import { FixtureTree } from './fixture-tree.ts'

function messagesOf(check: HouseCheck, files: Readonly<Record<string, string>>): readonly string[] {
  using tree = new FixtureTree(files)
  return check.find(tree.root).map(({ file, message }) => `${file}: ${message}`)
}

function lock(entry: object): Readonly<Record<string, string>> {
  return { 'package-lock.json': JSON.stringify({ packages: { 'node_modules/x': entry } }) }
}

describe('source rules', () => {
  it('fails on a file of more than 400 lines', () => {
    const files = {
      'packages/low/src/long.ts': '\n'.repeat(401),
      'packages/low/src/fits.ts': '\n'.repeat(400),
    }
    expect(messagesOf(sourceRules, files)).toEqual([
      'packages/low/src/long.ts: has 401 lines, at most 400',
    ])
  })

  it('fails on a file that is named after no concept', () => {
    expect(messagesOf(sourceRules, { 'packages/low/src/utils.ts': '' })).toEqual([
      'packages/low/src/utils.ts: is named after no concept',
    ])
  })

  it('fails on a note to come back, in sources and in pages', () => {
    const note = ['TO', 'DO'].join('')
    expect(
      messagesOf(sourceRules, { 'packages/low/src/a.ts': `\n// ${note}\n`, 'docs/a.md': note }),
    ).toEqual([
      `packages/low/src/a.ts: line 2 holds a note to come back: ${note}`,
      `docs/a.md: line 1 holds a note to come back: ${note}`,
    ])
  })

  it('fails on a cast past the types, but not on words in comments and texts', () => {
    const files = {
      'packages/low/src/a.ts': 'const a = JSON.parse("") as any\n',
      'packages/low/src/b.ts': "// as any other\nconst b = 'as any other'\n",
    }
    expect(messagesOf(sourceRules, files)).toEqual([
      'packages/low/src/a.ts: line 1 casts past the types: as any',
    ])
  })

  it('fails on a test that is left out', () => {
    const source = ['it.sk', "ip('works', () => {})"].join('')
    expect(messagesOf(sourceRules, { 'packages/low/src/a.test.ts': source })).toHaveLength(1)
  })
})

describe('licences', () => {
  it('accepts a choice of licences when one of them is ours', () => {
    expect(messagesOf(licences, lock({ license: '(MIT OR WTFPL)' }))).toEqual([])
  })

  it('fails on a licence that is not ours, and on none', () => {
    expect(messagesOf(licences, lock({ license: 'GPL-3.0' }))).toHaveLength(1)
    expect(messagesOf(licences, lock({}))).toHaveLength(1)
  })

  it('lets MPL-2.0 build the product but not ship with it', () => {
    expect(messagesOf(licences, lock({ license: 'MPL-2.0', dev: true }))).toEqual([])
    expect(messagesOf(licences, lock({ license: 'MPL-2.0' }))).toEqual([
      'node_modules/x: licence MPL-2.0 is not one of ours for what we ship',
    ])
  })
})
