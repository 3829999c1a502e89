import { mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runTool } from '../../scripts/tool.ts'
import { bundleBuiltPrograms, programFolder, shareProgramFolder } from './bundled-program.ts'
import { fetchSofthsm } from './softhsm-module.ts'

/**
 * Set-up of the tests that start the program: builds what has changed, so that what they start is never older than its
 * sources. TypeScript emits in spite of errors (2); these are the business of the check `types`.
 * Fetches the module that tests of hardware keys load, where the machine has none.
 * @returns what clears up behind the run
 */
export default async function buildPackages(): Promise<() => Promise<void>> {
  fetchSofthsm()
  await removeLeftOver(dirname(programFolder))
  const { code, output } = await runTool({
    tool: 'typescript',
    command: 'tsc',
    args: ['-b'],
    output: 'keep',
  })
  if (code !== 0 && code !== 2) throw new Error(`tsc -b ended with ${code}\n${output}`)
  await bundleBuiltPrograms()
  shareProgramFolder()
  return () => rm(programFolder, { recursive: true, force: true })
}

/** Programs of a run whose process was killed. Those of a run that goes on beside this one stay. */
async function removeLeftOver(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const name of await readdir(folder)) {
    if (!isRunning(Number(name))) await rm(join(folder, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // It runs, but for another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
