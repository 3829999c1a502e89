import { readFile, writeFile } from 'node:fs/promises'
import type { Clock } from '@keyline/bytes'
import { runProgrammer, type Bench } from '@keyline/board'
import type { ProgrammerCall } from '@keyline/station'

/** Calls of STM32_Programmer_CLI on the boards of a bench, without a process. */
export function simulatedCall(bench: Bench, clock: Clock): ProgrammerCall {
  return async (words, { signal }) => {
    let output = ''
    await runProgrammer({
      bench,
      clock,
      argv: words,
      write: (text) => {
        output += text
      },
      readFile: async (path) => Uint8Array.from(await readFile(path)),
      writeFile: (path, octets) => writeFile(path, octets, { mode: 0o600 }),
      signal,
    })
    return { output, isCut: false, stopped: undefined, reason: undefined }
  }
}
