import { Command, Option } from 'commander'
import type { JsonValue } from '@keyline/bytes'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { answerRows, answerTable, textOf } from '../terminal/answer-table.ts'
import { withServer, type ServerOptions } from '../wiring/issuer-server.ts'
import { withServerOptions } from './options-server.ts'

const roles = ['owner', 'officer', 'station', 'operator', 'auditor']

/** `keyline member`: who may call the server. */
export function memberCommand(output: Output, end: (code: ExitCode) => void): Command {
  const member = new Command('member')
  const tell = (options: ServerOptions, answer: JsonValue, text: () => string): void => {
    output.out(options.json === true ? `${JSON.stringify(answer)}\n` : text())
    end(ExitCode.done)
  }
  withServerOptions(member.command('list'))
    .summary('all members with role, state and the end of their certificates')
    .action(async (options: ServerOptions) => {
      const answer = await withServer(options, (call) => call('GET', '/v1/members'))
      const columns = ['name', 'role', 'state', 'notAfter', 'blockReason']
      tell(options, answer, () => answerTable(answerRows(answer, 'members'), columns))
    })
  withServerOptions(member.command('invite'))
    .summary('a one-time token with which a member enrolls')
    .description(
      'Prints a token that is good for one enrolment within 24 hours. It is shown once: hand it over another way\n' +
        'than the name. An invitation of a member that exists lets it enroll again with a new key.',
    )
    .argument('<name>', 'name of the station or person')
    .addOption(new Option('--role <role>', 'what it may do').choices(roles).default('station'))
    .action(async (name: string, options: ServerOptions & { readonly role: string }) => {
      const body = { name, role: options.role }
      const answer = await withServer(options, (call) => call('POST', '/v1/members', body))
      tell(options, answer, () => `${textOf(answer, 'token')}\n`)
    })
  withServerOptions(member.command('block'))
    .summary('refuse a member from now on')
    .argument('<name>')
    .requiredOption('--reason <text>', 'stands in the audit log')
    .action(async (name: string, options: ServerOptions & { readonly reason: string }) => {
      const path = `/v1/members/${encodeURIComponent(name)}/block`
      const { reason } = options
      const answer = await withServer(options, (call) => call('POST', path, { reason }))
      tell(options, answer, () => `${name} is blocked\n`)
    })
  withServerOptions(member.command('unblock'))
    .summary('let a blocked member in again')
    .argument('<name>')
    .action(async (name: string, options: ServerOptions) => {
      const path = `/v1/members/${encodeURIComponent(name)}/unblock`
      const answer = await withServer(options, (call) => call('POST', path, {}))
      tell(options, answer, () => `${name} is let in again\n`)
    })
  return member
}
