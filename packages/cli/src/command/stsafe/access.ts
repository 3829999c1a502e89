import { InvalidArgumentError, type Command } from 'commander'
import { commandOf, type AuthorizationRecord, type CommandAccess } from '@keyline/stsafe/layout'
import { CliError } from '../../errors.ts'
import type { Output } from '../../terminal/output.ts'
import type { ChipOptions } from '../../wiring/stsafe-chip.ts'
import { tableText, yesNo } from '../../wiring/stsafe-text.ts'
import { onChip, permanentCommand, type End } from './on-chip.ts'

interface AccessOptions extends ChipOptions {
  readonly access?: ReadonlyMap<number, CommandAccess>
  readonly encrypt?: ReadonlyMap<number, keyof typeof encryptions>
}

const accesses = ['never', 'free', 'admin', 'host', 'admin-or-password', 'admin-or-host'] as const
const encryptions = {
  none: { command: false, response: false },
  command: { command: true, response: false },
  response: { command: false, response: true },
  both: { command: true, response: true },
} as const
const encryptionNames = ['none', 'command', 'response', 'both'] as const

const none: ReadonlyMap<number, never> = new Map<number, never>()

/** `keyline stsafe ac`: which commands ask for a session, and which payloads travel encrypted. */
export function accessCommand(output: Output, end: End): Command {
  return permanentCommand('ac', 'show the access conditions of the commands, or program them once')
    .option(
      '--access <list>',
      `such as 0e=host,1f09=host; ${accesses.join(', ')}`,
      byCode(accesses),
    )
    .option(
      '--encrypt <list>',
      `such as 0e=command,0f=response; ${encryptionNames.join(', ')}`,
      byCode(encryptionNames),
    )
    .action(async (options: AccessOptions) =>
      end(
        await onChip(output, options, async ({ device }, call) => {
          const { access = none, encrypt = none } = options
          const before = await device.commandAuthorization(call)
          requireKnown([...access.keys(), ...encrypt.keys()], before.records)
          if (access.size > 0) {
            const records = before.records.map((record) => ({
              code: record.code,
              access: access.get(record.code) ?? record.access,
            }))
            await device.putCommandAccess(records, call)
          }
          if (encrypt.size > 0) {
            const records = before.records.map(({ code, encryption }) => {
              const name = encrypt.get(code)
              return { code, encryption: name === undefined ? encryption : encryptions[name] }
            })
            await device.putCommandEncryption(records, call)
          }
          const table = await device.commandAuthorization(call)
          const { changeRights, records } = table
          const rights = `access can change: ${yesNo(changeRights.access)}, encryption: ${yesNo(changeRights.encryption)}\n`
          const headings = ['code', 'command', 'access', 'encrypted']
          return { text: `${tableText(headings, records.map(row))}${rights}`, document: table }
        }),
      ),
    )
}

function row({ code, access, encryption }: AuthorizationRecord): readonly string[] {
  const name = encryptionNames.find(
    (one) =>
      encryptions[one].command === encryption.command &&
      encryptions[one].response === encryption.response,
  )
  return [codeText(code), commandOf(code)?.title ?? '', access, name ?? '']
}

function requireKnown(codes: readonly number[], records: readonly AuthorizationRecord[]): void {
  const missing = codes.find((code) => !records.some((record) => record.code === code))
  if (missing === undefined) return
  throw new CliError(
    'CLI_USAGE',
    `the chip has no access condition for command ${codeText(missing)}`,
  )
}

function codeText(code: number): string {
  return code.toString(16).toUpperCase().padStart(2, '0')
}

/** Reads `CODE=NAME,…` for an option; codes in hexadecimal, as on the wire. */
function byCode<N extends string>(names: readonly N[]): (text: string) => ReadonlyMap<number, N> {
  return (text) =>
    new Map(
      text.split(',').map((part) => {
        const [code = '', word] = part.trim().toLowerCase().split('=')
        const name = names.find((one) => one === word)
        if (/^(?:1f)?[0-9a-f]{2}$/.test(code) && name !== undefined) {
          return [Number.parseInt(code, 16), name] as const
        }
        throw new InvalidArgumentError(`It must be CODE=NAME, with names of ${names.join(', ')}.`)
      }),
    )
}
