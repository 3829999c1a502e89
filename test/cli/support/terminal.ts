import { requireProgram } from '../../support/program.ts'
import { commandLine, KeylineProcess, type ProcessOptions } from './keyline.ts'

/** Starts a command on a pseudo-terminal of 100 columns and 30 rows. What is written to it, is typed. */
export function startOnTerminal(args: readonly string[], options?: ProcessOptions): KeylineProcess {
  requireProgram({ command: 'script', debianPackage: 'bsdutils' })
  const command = commandLine(...args)
    .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
    .join(' ')
  return new KeylineProcess(
    ['script', '-qec', `stty rows 30 cols 100; exec ${command}`, '/dev/null'],
    options,
  )
}

export const ctrlC = '\u0003'
export const hideCursor = '\u001b[?25l'
export const showCursor = '\u001b[?25h'

/** The lines that a terminal shows after the output; knows the few codes that a table in place needs. */
export function screenOf(output: string): readonly string[] {
  const lines: string[][] = [[]]
  let row = 0
  let column = 0
  const tokens = output.matchAll(/\u001b\[([\d;?]*)([A-Za-z])|([^])/gu)
  for (const [, value = '', code, character] of tokens) {
    const line = lines[row] ?? []
    if (character === '\n') row++
    else if (character === '\r') column = 0
    else if (character !== undefined) line.splice(column++, 1, character)
    else if (code === 'A') row -= Number(value)
    else if (code === 'B') row += Number(value)
    else if (code === 'K') line.splice(column)
    else if (code === 'J') {
      line.splice(column)
      lines.splice(row + 1)
    } else if (code !== 'm' && code !== 'h' && code !== 'l') {
      throw new Error(`the terminal of the test does not know the code ${code}`)
    }
    while (lines.length <= row) lines.push([])
  }
  return lines.map((line) => line.join('').trimEnd())
}
