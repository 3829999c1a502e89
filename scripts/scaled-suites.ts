import { dirname, join, normalize, sep } from 'node:path'
import { importsOf } from './check/imports-of.ts'
import { filesUnder, isTest, readText } from './check/source-tree.ts'

/** The scale of numbers itself, and what every suite has of it. */
const scale = 'test/support/scale.ts'
const ofEverySuite = 'test/support/properties.ts'

/** The sources of the packages take no number from a test. */
function isOfTests(file: string): boolean {
  return !file.startsWith('packages/')
}

/**
 * Test files whose numbers grow in a long run: they, or what they import of the tests, take them from the scale or draw
 * properties from its seed.
 * @param folders below `root`, in which the suites are
 */
export function scaledSuites(root: string, folders: readonly string[]): readonly string[] {
  const files = new Set(folders.flatMap((folder) => filesUnder(root, folder)))
  const known = new Map<string, readonly string[]>()
  const importsOfFile = (file: string): readonly string[] => {
    const imports = known.get(file) ?? importsOf(readText(root, file))
    known.set(file, imports)
    return imports
  }
  const isScaled = (suite: string): boolean => {
    const seen = new Set([suite])
    for (const file of seen) {
      for (const specifier of importsOfFile(file)) {
        if (specifier === 'fast-check') return true
        if (!specifier.startsWith('.')) continue
        const imported = normalize(join(dirname(file), specifier))
          .split(sep)
          .join('/')
        if (imported === scale) return true
        if (isOfTests(imported) && imported !== ofEverySuite && files.has(imported)) {
          seen.add(imported)
        }
      }
    }
    return false
  }
  return [...files].filter((file) => isTest(file) && isScaled(file))
}
