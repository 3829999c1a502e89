import { runTool } from '../../scripts/tool.ts'

/**
 * Set-up of the tests that start the program: builds what has changed, so that `packages/cli/bin/keyline.js` is never
 * older than its sources. TypeScript emits in spite of errors (2); these are the business of the check `types`.
 */
export default async function buildPackages(): Promise<void> {
  const { code, output } = await runTool({
    tool: 'typescript',
    command: 'tsc',
    args: ['-b'],
    output: 'keep',
  })
  if (code !== 0 && code !== 2) throw new Error(`tsc -b ended with ${code}\n${output}`)
}
