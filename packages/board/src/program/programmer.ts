import { runToolProgram } from './terminal.ts'

/** STM32_Programmer_CLI for simulated boards. @returns the exit code */
export function programmerMain(argv: readonly string[]): Promise<number> {
  return runToolProgram({ tool: 'programmer', argv: argv.slice(2), cwd: process.cwd() })
}
