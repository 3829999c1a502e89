import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorsPage } from './errors-page.ts'
import { withRoomsBlock } from './rooms-block.ts'

/** A page that is made, or holds a made block: what stands in the tree and what should stand there. */
export interface MadePage {
  readonly path: string
  readonly present: string
  readonly wanted: string
}

export async function madePages(root: string): Promise<readonly MadePage[]> {
  const errors = readPage(root, 'docs/errors.md')
  const architecture = readPage(root, 'docs/architecture.md')
  return [
    { path: 'docs/errors.md', present: errors, wanted: await errorsPage(root) },
    {
      path: 'docs/architecture.md',
      present: architecture,
      wanted: withRoomsBlock(root, architecture),
    },
  ]
}

function readPage(root: string, path: string): string {
  const file = join(root, path)
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}
