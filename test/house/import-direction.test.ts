import { describe, expect, it } from 'vitest'
import { importDirection } from '../../scripts/check/import-direction.ts'
import { FixtureTree, manifest } from './fixture-tree.ts'

function messagesOf(files: Readonly<Record<string, string>>): readonly string[] {
  using tree = new FixtureTree(files)
  return importDirection.find(tree.root).map(({ file, message }) => `${file}: ${message}`)
}

describe('import direction', () => {
  it('accepts imports from rooms above through their faces', () => {
    expect(
      messagesOf({ 'packages/high/src/index.ts': "export { low } from '@keyline/low'\n" }),
    ).toEqual([])
  })

  it('fails when an import points back', () => {
    expect(
      messagesOf({ 'packages/low/src/index.ts': "import { high } from '@keyline/high'\n" }),
    ).toEqual([
      'packages/low/src/index.ts: imports @keyline/high, but @keyline/high stands below @keyline/low',
    ])
  })

  it('fails when a type, a re-export or a lazy import points back', () => {
    const back = [
      "import type { High } from '@keyline/high'",
      "export { high } from '@keyline/high'",
      "const high = await import('@keyline/high')",
      "import '@keyline/high'",
    ]
    for (const source of back) {
      expect(messagesOf({ 'packages/low/src/index.ts': source }), source).toHaveLength(1)
    }
  })

  it('takes no notice of an import that stands in a comment', () => {
    const source = "// import '@keyline/high'\n/* import x from '@keyline/high' */\n"
    expect(messagesOf({ 'packages/low/src/index.ts': source })).toEqual([])
  })

  it('takes no notice of a string that says import', () => {
    const source = "const words = ['import']\nconst text = '@keyline/high'\nrun('import')\n"
    expect(messagesOf({ 'packages/low/src/index.ts': source })).toEqual([])
  })

  it('fails on a dependency that the package does not declare', () => {
    const files = {
      'packages/high/package.json': manifest('high', ['middle']),
      'packages/high/src/index.ts': "import { low } from '@keyline/low'\nimport { z } from 'zod'\n",
    }
    expect(messagesOf(files)).toEqual([
      'packages/high/src/index.ts: imports @keyline/low, which packages/high/package.json does not declare',
      'packages/high/src/index.ts: imports zod, which packages/high/package.json does not declare',
    ])
  })

  it('fails on a path into another package that is no face of it', () => {
    expect(
      messagesOf({ 'packages/high/src/index.ts': "import '@keyline/low/src/index.ts'\n" }),
    ).toEqual([
      'packages/high/src/index.ts: imports @keyline/low/src/index.ts, which is no face of @keyline/low',
    ])
    expect(
      messagesOf({ 'packages/high/src/index.ts': "import '../../low/src/index.ts'\n" }),
    ).toEqual([
      'packages/high/src/index.ts: imports ../../low/src/index.ts, which lies outside of its package',
    ])
  })

  it('fails on a circle of files', () => {
    const files = {
      'packages/low/src/a.ts': "import './b.ts'\n",
      'packages/low/src/b.ts': "import './c.ts'\n",
      'packages/low/src/c.ts': "import './a.ts'\n",
    }
    expect(messagesOf(files)).toEqual([
      'packages/low/src/a.ts: circle: packages/low/src/a.ts → packages/low/src/b.ts → packages/low/src/c.ts → packages/low/src/a.ts',
    ])
  })

  it('fails when two folders of a package import each other', () => {
    const files = {
      'packages/low/src/bus/read.ts': "import '../frame/frame.ts'\n",
      'packages/low/src/bus/port.ts': '',
      'packages/low/src/frame/frame.ts': '',
      'packages/low/src/frame/send.ts': "import '../bus/port.ts'\n",
    }
    expect(messagesOf(files)).toEqual(['packages/low: folders in a circle: bus → frame → bus'])
  })

  it('fails when a native module is loaded in a second file', () => {
    const files = {
      'packages/low/package.json': manifest('low', []).replace(
        '"dependencies":{}',
        '"dependencies":{"serialport":"13"}',
      ),
      'packages/low/src/a.ts': "await import('serialport')\n",
      'packages/low/src/b.ts': "await import('serialport')\n",
    }
    expect(messagesOf(files)).toEqual([
      'packages/low/src/b.ts: loads serialport, which packages/low/src/a.ts loads already',
    ])
  })

  it('leaves tests free to import what they need', () => {
    expect(
      messagesOf({ 'packages/low/src/index.test.ts': "import { high } from '@keyline/high'\n" }),
    ).toEqual([])
  })

  it('finds nothing in this house', () => {
    expect(importDirection.find(process.cwd())).toEqual([])
  })
})
