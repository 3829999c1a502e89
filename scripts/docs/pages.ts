import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorsPage } from './errors-page.ts'
import { orderSchema } from './order-schema.ts'
import { withRoomsBlock } from './rooms-block.ts'
import { stsafePage } from './stsafe-page.ts'

/** A page that is made, or holds a made block: what stands in the tree and what should stand there. */
export interface MadePage {
  readonly path: string
  readonly present: string
  readonly wanted: string
}

export async function madePages(root: string): Promise<readonly MadePage[]> {
  const errors = readPage(root, 'docs/errors.md')
  const architecture = readPage(root, 'docs/architecture.md')
  const schema = readPage(root, 'examples/work-order.schema.json')
  const commands = readPage(root, 'docs/stsafe-commands.md')
  return [
    { path: 'examples/work-order.schema.json', present: schema, wanted: orderSchema() },
    { path: 'docs/errors.md', present: errors, wanted: await errorsPage(root) },
    { path: 'docs/stsafe-commands.md', present: commands, wanted: stsafePage() },
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
