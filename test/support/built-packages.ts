import { rm } from 'node:fs/promises'
import { runTool } from '../../scripts/tool.ts'
import { programFolder } from './bundled-program.ts'
import { fetchSofthsm } from './softhsm-module.ts'

/**
 * Set-up of the tests that start the program: builds what has changed, so that `packages/cli/bin/keyline.js` is never
 * older than its sources. TypeScript emits in spite of errors (2); these are the business of the check `types`.
 * Fetches the module that tests of hardware keys load, where the machine has none.
 */
export default async function buildPackages(): Promise<void> {
  fetchSofthsm()
  await rm(programFolder, { recursive: true, force: true })
  const { code, output } = await runTool({
    tool: 'typescript',
    command: 'tsc',
    args: ['-b'],
    output: 'keep',
  })
  if (code !== 0 && code !== 2) throw new Error(`tsc -b ended with ${code}\n${output}`)
}
