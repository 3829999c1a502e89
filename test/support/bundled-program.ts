import { readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'

const root = resolve(import.meta.dirname, '../..')
/** Emptied before the tests begin. */
export const programFolder = join(root, '.cache', 'programs')

/** What is not JavaScript alone, or starts workers from its own folder. */
const external = ['better-sqlite3', 'pg', 'pino', 'pkcs11js', 'prom-client', 'tinypool']

/**
 * Makes one file of a program of the tests and of all the sources that it imports, and returns its path. A process
 * starts from it in a fraction of the time that a loader of TypeScript takes. What is imported on demand has a file of
 * its own beside it. It is made anew by each process of tests.
 */
export function bundledProgram(source: string): Promise<string> {
  const known = made.get(source)
  if (known !== undefined) return known
  const making = bundle(source)
  made.set(source, making)
  return making
}

const made = new Map<string, Promise<string>>()

async function bundle(source: string): Promise<string> {
  const name = relative(root, source).replaceAll(/[^\w-]+/g, '-')
  const outdir = join(programFolder, `${name}.${process.pid}`)
  await build({
    entryPoints: [{ in: source, out: 'program' }],
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['source'],
    external,
    plugins: [ownPlaces],
    logLevel: 'error',
  })
  return join(outdir, 'program.mjs')
}

/** A module that asks for its place is told where its source lies. */
const ownPlaces: Plugin = {
  name: 'own places',
  setup: (builder) => {
    builder.onLoad({ filter: /\/(?:packages|test)\/.*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const contents = source
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
      return { contents, loader: 'ts' }
    })
  },
}
