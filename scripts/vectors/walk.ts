import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** What lies below a folder of vectors. */
export interface Walk {
  /** Absolute paths of the `.json` files that hold vectors. */
  readonly files: readonly string[]
  /** Absolute paths of the `index.json` files, which say what must be there. */
  readonly indexes: readonly string[]
}

/** State and settings that vectors refer to. */
const noVectors = new Set(['profile-default.json', 'revocation-set.json'])
/** JSON schemas; certificates and keys. */
const noVectorFolders = new Set(['schemas', 'pem'])

/** Every `.json` file below a folder holds vectors, but for those of these names; other kinds are twins or text. */
export function walkVectors(folder: string): Walk {
  const files: string[] = []
  const indexes: string[] = []
  const walk = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name)
      if (entry.isDirectory()) {
        if (!noVectorFolders.has(entry.name)) walk(child)
      } else if (entry.name === 'index.json') {
        indexes.push(child)
      } else if (entry.name.endsWith('.json') && !noVectors.has(entry.name)) {
        files.push(child)
      }
    }
  }
  walk(folder)
  return { files: files.toSorted(), indexes: indexes.toSorted() }
}
