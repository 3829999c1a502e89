import { createInterface } from 'node:readline'
import { BytesError, describeError, isKeylineError } from '@keyline/bytes'
import { callBench } from '../server/call-bench.ts'
import type { ToolTerminal } from '../server/run-here.ts'
import type { ToolRequest } from '../server/tool-message.ts'

/** Environment variable that names the folder of the boards. */
export const boardsVariable = 'KEYLINE_SIM_BOARDS'

/** Runs a tool for the process that was started. @returns the exit code */
export async function runToolProgram(request: ToolRequest): Promise<number> {
  const folder = process.env[boardsVariable]
  if (folder === undefined || folder === '') {
    process.stderr.write(`${boardsVariable} names no folder with simulated boards\n`)
    return 1
  }
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupted.abort(new BytesError('INTERRUPTED', signal)))
  }
  try {
    return await callBench(folder, request, terminalOf(interrupted.signal))
  } catch (error) {
    if (interrupted.signal.aborted) return 130
    process.stderr.write(
      `${isKeylineError(error) ? describeError(error) : 'the bench has failed'}\n`,
    )
    return 1
  }
}

function terminalOf(signal: AbortSignal): ToolTerminal {
  return {
    signal,
    write: (text) => void process.stdout.write(text),
    ask: async (question) => {
      process.stdout.write(question)
      const input = createInterface({ input: process.stdin, terminal: false })
      try {
        for await (const line of input) return line
      } finally {
        input.close()
        process.stdin.pause()
      }
      throw new BytesError('INTERRUPTED', 'nobody answers')
    },
  }
}
