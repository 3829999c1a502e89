import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { BytesError } from '@keyline/bytes'
import { CliError } from '../errors.ts'

/**
 * Asks on the terminal; what is typed is not shown.
 * @throws CliError `CLI_KEYS` without a terminal
 */
export async function promptSecret(what: string, option: string): Promise<string> {
  const { stdin, stderr } = process
  if (!stdin.isTTY) {
    throw new CliError('CLI_KEYS', `${what} is not given; name its file with ${option}`)
  }
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  // It takes the echo from the terminal: only then may anybody be asked.
  const lines = createInterface({ input: stdin, output: silent, terminal: true })
  try {
    return await new Promise<string>((fulfil, reject) => {
      lines.once('line', fulfil)
      lines.once('SIGINT', () =>
        reject(new BytesError('INTERRUPTED', 'interrupted by the operator')),
      )
      lines.once('close', () => reject(new CliError('CLI_KEYS', `${what} was not typed`)))
      stderr.write(`${what} (hexadecimal, not shown): `)
    })
  } finally {
    lines.close()
    stderr.write('\n')
  }
}
