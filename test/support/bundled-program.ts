import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type BuildOptions, type Plugin } from 'esbuild'

const root = resolve(import.meta.dirname, '../..')
const folderVariable = 'KEYLINE_TEST_PROGRAMS'

/** Programs of one run of tests; the set-up names the folder to the processes of the run. */
export const programFolder =
  process.env[folderVariable] ?? join(root, '.cache', 'programs', String(process.pid))

/** Makes the folder that of all processes which this one starts. */
export function shareProgramFolder(): void {
  process.env[folderVariable] = programFolder
}

/** What is not JavaScript alone, or starts workers from its own folder. */
const external = [
  'better-sqlite3',
  'graphile-worker',
  'i2c-bus',
  'node-pty',
  'pdfkit',
  'pg',
  'pino',
  'pkcs11js',
  'prom-client',
  'serialport',
  'tinypool',
]

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
    ...common,
    entryPoints: [{ in: source, out: 'program' }],
    outdir,
    conditions: ['source'],
  })
  return join(outdir, 'program.mjs')
}

const builtFolder = join(programFolder, 'built')
const builtNames = ['keyline', 'genFactoryData'] as const

/** The programs of the package `cli` as they are built, each in few files: they start in a third of the time. */
export const builtPrograms = {
  keyline: join(builtFolder, 'keyline.mjs'),
  genFactoryData: join(builtFolder, 'genFactoryData.mjs'),
} as const

/** Makes {@link builtPrograms}; where the parts do not fit, the programs are started as they are and say so themselves. */
export async function bundleBuiltPrograms(): Promise<void> {
  const sources = builtNames.map((name) => join(root, `packages/cli/bin/${name}.js`))
  try {
    await build({ ...common, entryPoints: sources, outdir: builtFolder })
  } catch {
    await mkdir(builtFolder, { recursive: true })
    for (const source of sources) {
      const text = `await import(${JSON.stringify(pathToFileURL(source).href)})\n`
      await writeFile(join(builtFolder, `${basename(source, '.js')}.mjs`), text)
    }
  }
}

/** A module that asks for its place is told where its source lies. */
const ownPlaces: Plugin = {
  name: 'own places',
  setup: (builder) => {
    builder.onLoad({ filter: /\/(?:packages|test)\/.*\.[jt]s$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const contents = source
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
      return { contents, loader: path.endsWith('.ts') ? 'ts' : 'js' }
    })
  },
}

/** A third of what a program loads would be the error messages of zod in forty languages. */
const oneLanguage: Plugin = {
  name: 'one language',
  setup: (builder) => {
    builder.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, ({ path }) => ({
      contents: `export { default as en } from './en.js'`,
      resolveDir: dirname(path),
    }))
  },
}

const common = {
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  // Packages of the older form ask for modules of Node.js by `require`.
  banner: {
    js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`,
  },
  external,
  plugins: [ownPlaces, oneLanguage],
  logLevel: 'silent',
} as const satisfies BuildOptions
