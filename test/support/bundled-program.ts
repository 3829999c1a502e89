import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'

const root = resolve(import.meta.dirname, '../..')
const cache = join(root, '.cache', 'programs')

/** What is not JavaScript alone, or starts workers from its own folder. */
const external = ['better-sqlite3', 'pg', 'pino', 'pkcs11js', 'prom-client', 'tinypool']

/**
 * Makes one file of a program of the tests and of all the sources that it imports, and returns its path. A process
 * starts from it in a fraction of the time that a loader of TypeScript takes. It is made anew in each test run.
 */
export async function bundledProgram(source: string): Promise<string> {
  const name = relative(root, source).replaceAll(/[^\w-]+/g, '-')
  const path = join(cache, `${name}.mjs`)
  const { outputFiles } = await build({
    entryPoints: [source],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['source'],
    external,
    plugins: [ownPlaces],
    write: false,
    logLevel: 'error',
  })
  await mkdir(cache, { recursive: true })
  // Whole files only: another worker may start from the same one.
  const part = `${path}.${process.pid}`
  await writeFile(part, outputFiles[0]?.contents ?? '')
  await rename(part, path)
  return path
}

/** A module that asks for its place is told where its source lies. */
const ownPlaces: Plugin = {
  name: 'own places',
  setup: (bundle) => {
    bundle.onLoad({ filter: /\/(?:packages|test)\/.*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const contents = source
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
      return { contents, loader: 'ts' }
    })
  },
}
