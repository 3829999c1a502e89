import { Command, Option } from 'commander'
import type { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import type { EndorsementOptions } from '../../wiring/attest/endorsement.ts'
import type { ImportFileOptions, StateOptions } from '../../wiring/attest/endorse.ts'
import { hexOctets } from '../../wiring/stsafe-message.ts'
import { collect } from '../options.ts'
import { withRecordOptions } from './record-options.ts'
import { withFirmware } from './device-option.ts'
import { withService, type VerifierOptions } from './service-options.ts'
import { isoTime } from './time.ts'
import { say, type JsonOption } from './say.ts'

type End = (code: ExitCode) => void

/** `keyline attest endorse`: what a verifier trusts, written, signed, read, imported, submitted and taken back. */
export function endorseCommand(output: Output, end: End): Command {
  const endorse = new Command('endorse').summary(
    'CoRIMs: keys and reference values that a verifier trusts',
  )
  for (const make of [
    makeCommand,
    signCommand,
    showCommand,
    importCommand,
    submitCommand,
    authorityCommand,
    stateCommand('revoke', 'take a device out of trust'),
    stateCommand('restore', 'trust a device again'),
  ]) {
    endorse.addCommand(make(output, end))
  }
  return endorse
}

const wiring = () => import('../../wiring/attest/endorse.ts')

function makeCommand(output: Output, end: End): Command {
  const command = new Command('make')
    .summary('make a CoRIM')
    .description(
      'Makes a CoRIM of the profile tag:arm.com,2025:psa#1.0.0 with one CoMID: trust anchors of devices, reference values of\n' +
        'their firmware. Keys name devices by the hash of their COSE_Key, unless --instance-id says otherwise.',
    )
    .requiredOption('--out <file>', 'where the CoRIM goes')
    .option(
      '--device <uri>',
      'a simulated device: its key and its firmware; may be repeated',
      collect,
    )
    .option('--key <file>', 'public key of a device, PEM; may be repeated', collect)
    .option('--token <file>', 'token of a device that runs good firmware; may be repeated', collect)
    .option('--implementation-id <octets>', 'of the keys and the firmware', hexOctets)
    .option('--instance-id <octets>', 'name of the device of --key', hexOctets)
    .option('--id <text>', 'id of the CoRIM; drawn unless given')
    .option('--vendor <text>', 'who makes the implementation')
    .option('--model <text>', 'what they call it')
    .addOption(
      new Option('--only <part>', 'leave the other part out').choices(['devices', 'firmware']),
    )
    .option('--valid-until <time>', 'end of its validity, ISO 8601', isoTime)
    .option('--json', 'machine-readable result')
  return withFirmware(command).action(
    async (options: EndorsementOptions & JsonOption & { readonly out: string }) => {
      const { makeFile } = await wiring()
      end(say(output, options, await makeFile(options)))
    },
  )
}

function signCommand(output: Output, end: End): Command {
  return new Command('sign')
    .summary('sign a CoRIM')
    .description(
      'Signs a CoRIM as COSE_Sign1 with ES256. The key id is the thumbprint of the COSE_Key.',
    )
    .argument('<file>', 'the CoRIM')
    .requiredOption('--key <file>', 'P-256 private key of the signer, PEM or DER')
    .requiredOption('--name <text>', 'who signs')
    .requiredOption('--out <file>', 'where the signed CoRIM goes')
    .option('--passphrase-file <file>', 'opens the key; KEYLINE_PASSPHRASE_FILE does the same')
    .option('--json', 'machine-readable result')
    .action(
      async (
        file: string,
        options: JsonOption & {
          readonly key: string
          readonly name: string
          readonly out: string
          readonly passphraseFile?: string
        },
      ) => {
        const { signFile } = await wiring()
        end(say(output, options, await signFile(file, options)))
      },
    )
}

function showCommand(output: Output, end: End): Command {
  return new Command('show')
    .summary('say what a CoRIM states')
    .description(
      'Says what a CoRIM states, one statement after the other, as a verifier would understand it.',
    )
    .argument('[file]', 'the CoRIM; the standard input unless given', '-')
    .option('--lenient-psa-draft', 'take the forms of authoring drafts')
    .option('--json', 'machine-readable result')
    .action(async (file: string, options: JsonOption & { readonly lenientPsaDraft?: boolean }) => {
      const { showFile } = await wiring()
      end(say(output, options, await showFile(file, options)))
    })
}

function importCommand(output: Output, end: End): Command {
  const command = new Command('import')
    .summary('store CoRIMs in the database of a verifier')
    .description(
      'Imports CoRIMs, each of them whole or not at all. --dry-run shows what was understood, and stores nothing.\n' +
        'The older profile http://arm.com/psa/iot/1 is read too.',
    )
    .argument('<file...>', 'the CoRIMs, signed or not')
    .option('--dry-run', 'show what would be stored')
    .option('--replace', 'give a known device another key')
    .option('--lenient-psa-draft', 'take the forms of authoring drafts')
    .option(
      '--signer <file>',
      'public key of which one must have signed them; may be repeated',
      collect,
    )
    .option('--json', 'machine-readable result')
  return withRecordOptions(command).action(
    async (files: readonly string[], options: ImportFileOptions & JsonOption) => {
      const { importFiles } = await wiring()
      end(say(output, options, await importFiles(files, options)))
    },
  )
}

function submitCommand(output: Output, end: End): Command {
  const command = new Command('submit')
    .summary('submit CoRIMs to a verifier service')
    .description(
      'Submits CoRIMs of the profile tag:arm.com,2025:psa#1.0.0, signed or not, to a verifier service.',
    )
    .argument('<file...>', 'the CoRIMs')
    .option('--json', 'machine-readable result')
  return withService(command).action(
    async (files: readonly string[], options: VerifierOptions & JsonOption) => {
      const { submitFiles } = await wiring()
      end(say(output, options, await submitFiles(files, options)))
    },
  )
}

function authorityCommand(output: Output, end: End): Command {
  const command = new Command('authority')
    .summary('trust the authority of device certificates')
    .description(
      'Trusts an authority that certifies the device keys of STM32 chips, in the database of a verifier. Its certificates prove\n' +
        'a genuine chip and not a product: with --accept-certified that is enough, else the device must be registered too.',
    )
    .argument('<file>', 'its certificate, DER or PEM')
    .option('--accept-certified', 'a certified device needs no registration')
    .option('--remove', 'trust it no more')
    .option('--json', 'machine-readable result')
  return withRecordOptions(command).action(
    async (
      file: string,
      options: StateOptions &
        JsonOption & { readonly acceptCertified?: boolean; readonly remove?: boolean },
    ) => {
      const { setAuthority } = await wiring()
      end(say(output, options, await setAuthority(file, options)))
    },
  )
}

function stateCommand(name: 'revoke' | 'restore', summary: string) {
  return (output: Output, end: End): Command => {
    const command = new Command(name)
      .summary(summary)
      .description(
        `${summary.charAt(0).toUpperCase()}${summary.slice(1)}, in the database of a verifier.`,
      )
      .argument('<instance-id...>', '33 octets in hexadecimal, as tokens and units carry them')
      .option('--json', 'machine-readable result')
    return withRecordOptions(command).action(
      async (ids: readonly string[], options: StateOptions & JsonOption) => {
        const { setStates } = await wiring()
        const state = name === 'revoke' ? 'revoked' : 'active'
        end(say(output, options, await setStates(ids, state, options)))
      },
    )
  }
}
