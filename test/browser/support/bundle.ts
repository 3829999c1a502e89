import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Global name of what a bundle exports. */
export const bundleName = 'bundle'

/**
 * One script for a browser, whose exports stand in the global {@link bundleName}.
 * It fails where anything imports a module of Node.js.
 */
export async function bundleForBrowser(source: string): Promise<string> {
  const resolveDir = fileURLToPath(new URL('.', import.meta.url))
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir, loader: 'ts' },
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: bundleName,
    conditions: ['source'],
    target: 'es2024',
    write: false,
    logLevel: 'silent',
  })
  const [script] = outputFiles
  if (script === undefined) throw new Error('the bundle is missing')
  return script.text
}
