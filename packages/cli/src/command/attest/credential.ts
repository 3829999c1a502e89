import { Command } from 'commander'
import type { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import type { AddCredentialOptions } from '../../wiring/attest/credential.ts'
import type { RecordOptions } from '../../wiring/attest/record.ts'
import { collect, wholeNumber } from '../options.ts'
import { withDatabase } from './record-options.ts'
import { say, type JsonOption } from './say.ts'

type End = (code: ExitCode) => void

/** `keyline attest credential`: who may provision, manage and ask a verifier service. */
export function credentialCommand(output: Output, end: End): Command {
  const credential = new Command('credential').summary('who may provision a verifier service')
  for (const make of [addCommand, listCommand, removeCommand]) {
    credential.addCommand(make(output, end))
  }
  return credential
}

const wiring = () => import('../../wiring/attest/credential.ts')

function addCommand(output: Output, end: End): Command {
  const command = new Command('add')
    .summary('make a credential')
    .description(
      'Makes a credential for a verifier service. The secret is drawn here and written to a file that its owner alone may\n' +
        'read; the database keeps a hash. An API key, or with --password name and password for clients that know Basic alone.',
    )
    .argument('<name>', 'whose it is')
    .requiredOption(
      '--role <role>',
      'provisioner, manager, client or auditor; may be repeated',
      collect,
    )
    .requiredOption('--out <file>', 'where the secret goes; never in place of another file')
    .option('--password', 'name and password in place of an API key')
    .option('--days <number>', 'until it ends; without an end unless given', wholeNumber(1, 3650))
    .option('--json', 'machine-readable result')
  return withDatabase(command).action(
    async (name: string, options: AddCredentialOptions & JsonOption) => {
      const { addCredential } = await wiring()
      end(say(output, options, await addCredential(name, options)))
    },
  )
}

function listCommand(output: Output, end: End): Command {
  const command = new Command('list')
    .summary('list them, without their secrets')
    .description('Lists the credentials of a verifier service, without their secrets.')
    .option('--json', 'machine-readable result')
  return withDatabase(command).action(async (options: RecordOptions & JsonOption) => {
    const { listCredentials } = await wiring()
    end(say(output, options, await listCredentials(options)))
  })
}

function removeCommand(output: Output, end: End): Command {
  const command = new Command('remove')
    .summary('end a credential')
    .description('Ends a credential of a verifier service at once.')
    .argument('<name>', 'whose it is')
    .option('--json', 'machine-readable result')
  return withDatabase(command).action(async (name: string, options: RecordOptions & JsonOption) => {
    const { removeCredential } = await wiring()
    end(say(output, options, await removeCredential(name, options)))
  })
}
