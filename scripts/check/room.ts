import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const Root = z.object({ workspaces: z.array(z.string()) })

const Manifest = z.object({
  name: z.string(),
  description: z.string().default(''),
  exports: z.record(z.string(), z.object({ source: z.string() })),
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
})

/** A room of the house: one package, in its place of the order. */
export interface Room {
  readonly name: string
  readonly folder: string
  readonly description: string
  /** Specifier to the source file behind it: `@keyline/ledger/records` → `packages/ledger/src/records/index.ts`. */
  readonly faces: ReadonlyMap<string, string>
  /** Everything its package.json declares. */
  readonly dependencies: ReadonlySet<string>
}

/** The rooms in the order of the root's `workspaces`: the architecture that everything else reads. */
export function readRooms(root: string): readonly Room[] {
  const { workspaces } = Root.parse(readJson(join(root, 'package.json')))
  return workspaces.map((folder) => {
    const manifest = Manifest.parse(readJson(join(root, folder, 'package.json')))
    const faces = Object.entries(manifest.exports).map(
      ([path, { source }]) =>
        [manifest.name + path.slice(1), `${folder}/${source.slice(2)}`] as const,
    )
    return {
      name: manifest.name,
      folder,
      description: manifest.description,
      faces: new Map(faces),
      dependencies: new Set([
        ...Object.keys(manifest.dependencies),
        ...Object.keys(manifest.optionalDependencies),
      ]),
    }
  })
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}
