import { Command } from 'commander'
import type { Output } from '../../terminal/output.ts'
import type { ChipOptions } from '../../wiring/stsafe-chip.ts'
import { readKey } from '../../wiring/stsafe-keys.ts'
import { wholeNumber } from '../options.ts'
import { ExitCode } from '../../exit-code.ts'
import { chipCommand, onChip, type End } from './on-chip.ts'

interface PasswordOptions extends ChipOptions {
  readonly password?: string
  readonly maxTries?: number
}

type LockOptions = PasswordOptions & { readonly unlock?: boolean }

const option = '--password'

/** `keyline stsafe password`. */
export function passwordCommand(output: Output, end: End): Command {
  const password = new Command('password').summary('password of the part: verify, put, delete')
  for (const make of [verifyCommand, putCommand, deleteCommand])
    password.addCommand(make(output, end))
  return password
}

function verifyCommand(output: Output, end: End): Command {
  return withPassword(chipCommand('verify', 'verify the password; a wrong one costs a try')).action(
    async (options: PasswordOptions) => {
      using password = await passwordOf(output, options)
      end(
        await onChip(output, options, async ({ device }, call) => {
          const found = await device.verifyPassword(password.reveal(), call)
          const { remainingTries, verified } = found
          const text = `the password is ${verified ? 'right' : 'WRONG'}, ${remainingTries} tries are left\n`
          return { text, document: found, code: verified ? ExitCode.done : ExitCode.failed }
        }),
      )
    },
  )
}

function putCommand(output: Output, end: End): Command {
  return withPassword(chipCommand('put', 'write the password'))
    .option('--max-tries <count>', 'how often it may be wrong in a row', wholeNumber(1, 255))
    .action(async (options: PasswordOptions) => {
      using password = await passwordOf(output, options)
      const { maxTries } = options
      end(
        await onChip(output, options, async ({ device }, call) => {
          await device.putPassword(password.reveal(), { ...call, maxTries })
          return { text: 'password written\n', document: { written: true } }
        }),
      )
    })
}

function deleteCommand(output: Output, end: End): Command {
  return chipCommand('delete', 'delete the password').action(async (options: ChipOptions) =>
    end(
      await onChip(output, options, async ({ device }, call) => {
        await device.deletePassword(call)
        return { text: 'password deleted\n', document: { deleted: true } }
      }),
    ),
  )
}

/** `keyline stsafe lock`: after the password is verified. */
export function lockCommand(output: Output, end: End): Command {
  return withPassword(chipCommand('lock', 'lock the part, or unlock it, after its password'))
    .option('--unlock', 'unlock it')
    .action(async (options: LockOptions) => {
      using password = await passwordOf(output, options)
      end(
        await onChip(output, options, async ({ device }, call) => {
          if (options.unlock === true) await device.unlock(password.reveal(), call)
          else await device.lock(password.reveal(), call)
          const lifeCycle = await device.lifeCycleState(call)
          return { text: `${lifeCycle}\n`, document: { lifeCycle } }
        }),
      )
    })
}

function withPassword(command: Command): Command {
  return command.option(
    `${option} <file>`,
    '16 octets in hexadecimal; - for the standard input; asked for unless given',
  )
}

function passwordOf(output: Output, { password }: PasswordOptions) {
  return readKey(output, password, { option, what: 'the password' })
}
