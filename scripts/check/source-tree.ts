import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

const skippedFolders = new Set(['node_modules', 'dist', 'coverage', '.git', '.cache'])

/** Paths below `root` of all files under `folder`, sorted, with `/`; products and dependencies left out. */
export function filesUnder(root: string, folder: string): readonly string[] {
  const found: string[] = []
  const walk = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name)
      if (entry.isDirectory()) {
        if (!skippedFolders.has(entry.name)) walk(child)
      } else if (entry.isFile()) {
        found.push(relative(root, child).split(sep).join('/'))
      }
    }
  }
  walk(join(root, folder))
  return found.toSorted()
}

export function isSource(path: string): boolean {
  return path.endsWith('.ts') && !path.endsWith('.d.ts')
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

export function readText(root: string, path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
