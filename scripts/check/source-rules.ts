import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path/posix'
import { codeOf } from './imports-of.ts'
import { filesUnder, isSource, isTest, readText } from './source-tree.ts'
import type { HouseCheck, Violation } from './violation.ts'

const maximumLines = 400
const vagueNames = /^(?:utils?|helpers?|common|types|misc)\.ts$/

interface Pattern {
  readonly pattern: RegExp
  readonly message: string
}

/** Written apart, so that this file does not break its own rules. */
const everywhere: readonly Pattern[] = [
  { pattern: /@ts-(?:ignore|nocheck|expect-error)\b/, message: 'silences the compiler' },
  { pattern: /\bTO{1}DO\b|\bFIX{1}ME\b|\bX{3}\b/, message: 'holds a note to come back' },
  { pattern: /(?:^|[\s'"`(])\/work\/|\.\.\/shared\//m, message: 'names a folder of one machine' },
]

const inCode: readonly Pattern[] = [
  { pattern: /\bas any\b|\bas unknown as\b/, message: 'casts past the types' },
  { pattern: /^export \* from/m, message: 'exports everything; list the names' },
]

const inTests: readonly Pattern[] = [
  {
    pattern: /\b(?:it|test|describe)\.(?:skip|only|todo|fails|skipIf|runIf)\b/,
    message: 'leaves a test out',
  },
]

const sourceFolders = ['packages', 'scripts', 'test', 'bench']
const textFolders = [...sourceFolders, 'docs', 'examples', '.ci']

/** What a reviewer would say of each file without reading it twice; the vectors of others are left as they are. */
export const sourceRules: HouseCheck = { name: 'source rules', find: findInTree }

function findInTree(root: string): readonly Violation[] {
  const rootFiles = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:md|ts)$/.test(entry.name))
    .map(({ name }) => name)
  const files = textFolders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => filesUnder(root, folder))
    .filter((file) => !file.startsWith('test/vectors/'))
  return [...rootFiles, ...files].flatMap((file) => {
    if (isSource(file)) return describeSource(file, readText(root, file))
    if (!/\.(?:md|js|json|html|yaml|toml)$|^\.ci\//.test(file)) return []
    return describeText(file, readText(root, file), everywhere)
  })
}

function describeSource(file: string, text: string): readonly Violation[] {
  const violations: Violation[] = []
  const lines = text.split('\n').length - 1
  if (lines > maximumLines) {
    violations.push({ file, message: `has ${lines} lines, at most ${maximumLines}` })
  }
  if (vagueNames.test(basename(file))) {
    violations.push({ file, message: 'is named after no concept' })
  }
  const patterns = [...inCode, ...(isTest(file) ? inTests : [])]
  return [
    ...violations,
    ...describeText(file, text, everywhere),
    ...describeText(file, codeOf(text), patterns),
  ]
}

function describeText(
  file: string,
  text: string,
  patterns: readonly Pattern[],
): readonly Violation[] {
  return patterns.flatMap(({ pattern, message }) => {
    const found = pattern.exec(text)
    if (found === null) return []
    const line = text.slice(0, found.index).split('\n').length
    return [{ file, message: `line ${line} ${message}: ${found[0].trim()}` }]
  })
}
