import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { bundledProgram } from './bundled-program.ts'

const root = resolve(import.meta.dirname, '../..')

/** The first block of TypeScript on a page. */
export async function exampleOf(page: string): Promise<string> {
  const text = await readFile(join(root, page), 'utf8')
  return /```ts\n([^]*?)```/.exec(text)?.[1] ?? ''
}

/** Runs the text of an example in a process of its own and gives what it prints. */
export async function runExample(code: string): Promise<string> {
  const cache = join(root, '.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'readme-'))
  try {
    const file = join(folder, 'example.ts')
    await writeFile(file, code)
    const program = await bundledProgram(file)
    const { stdout } = await promisify(execFile)(process.execPath, [program])
    return stdout
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
