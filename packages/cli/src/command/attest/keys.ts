import { Command, Option } from 'commander'
import type { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import type { AttesterAlgorithm, AttesterKind, DuaKey } from '../../wiring/attest/device-record.ts'
import type { FirmwareOptions } from '../../wiring/attest/firmware.ts'
import type { ExportFiles } from '../../wiring/attest/keys.ts'
import { hexOctets } from '../../wiring/stsafe-message.ts'
import { withDevice, withFirmware } from './device-option.ts'
import { say } from './say.ts'

type End = (code: ExitCode) => void

interface DeviceOptions {
  readonly device: string
  readonly json?: boolean
}

interface MakeOptions extends DeviceOptions, FirmwareOptions {
  readonly kind: AttesterKind
  readonly key: DuaKey
  readonly algorithm: AttesterAlgorithm
  readonly rdp: '0' | '0.5' | '1'
  readonly implementationId?: Uint8Array
}

/** `keyline attest keys`: the attestation key of a simulated device, and its public parts. */
export function keysCommand(output: Output, end: End): Command {
  const keys = new Command('keys').summary('attestation keys of a simulated device')
  for (const make of [makeCommand, showCommand, exportCommand, rssekwCommand]) {
    keys.addCommand(make(output, end))
  }
  return keys
}

const wiring = () => import('../../wiring/attest/keys.ts')

function makeCommand(output: Output, end: End): Command {
  const command = new Command('make')
    .summary('make a simulated device with its key')
    .description(
      'Makes a simulated device in a new folder. An STM32U385 comes from a simulated foundry: its device key (DUA) is exported\n' +
        'by RSSe-KW, wrapped for this chip, with the certificate in system flash. A TF-M board makes its key in its own storage.\n' +
        'No file holds a clear private key; device.json stands for the fuses of the chip, and is for its owner alone.',
    )
    .addOption(
      new Option('--kind <kind>', 'what the device is')
        .choices(['stm32u385', 'tf-m'])
        .default('stm32u385'),
    )
    .addOption(
      new Option('--key <name>', 'device key of an STM32U385: free use or licence use')
        .choices(['FU', 'LU'])
        .default('FU'),
    )
    .addOption(
      new Option('--algorithm <name>', 'of a TF-M board')
        .choices(['ES256', 'ES384', 'ES512'])
        .default('ES256'),
    )
    .addOption(
      new Option('--rdp <level>', 'how far the chip is closed')
        .choices(['0', '0.5', '1'])
        .default('1'),
    )
    .option(
      '--implementation-id <octets>',
      '32 octets; that of the simulated chip unless given',
      hexOctets,
    )
  return withJson(withFirmware(withDevice(command))).action(async (options: MakeOptions) => {
    const { makeKeys } = await wiring()
    const { key: deviceKey, rdp } = options
    const level = rdp === '0.5' ? 0.5 : rdp === '0' ? 0 : 1
    end(say(output, options, await makeKeys({ ...options, deviceKey, rdp: level })))
  })
}

function showCommand(output: Output, end: End): Command {
  const command = new Command('show')
    .summary('say what key a device has')
    .description(
      'Says what key a simulated device has, where it is held, and what a verifier must know of it.',
    )
  return withJson(withDevice(command)).action(async (options: DeviceOptions) => {
    const { showKeys } = await wiring()
    end(say(output, options, await showKeys(options.device)))
  })
}

function exportCommand(output: Output, end: End): Command {
  const command = new Command('export')
    .summary('write the public parts of a device to files')
    .description(
      'Writes public key, certificate, authority and wrapped key of a simulated device to files.',
    )
    .option(
      '--public-key <file>',
      'SubjectPublicKeyInfo in PEM: the trust anchor of a key that is registered',
    )
    .option('--certificate <file>', 'device certificate from system flash, PEM')
    .option('--authority <file>', 'certificate of the simulated authority, PEM')
    .option('--container <file>', 'wrapped key as RSSe-KW exported it')
  return withJson(withDevice(command)).action(async (options: DeviceOptions & ExportFiles) => {
    const { exportKeys } = await wiring()
    end(say(output, options, await exportKeys(options.device, options)))
  })
}

function rssekwCommand(output: Output, end: End): Command {
  const command = new Command('rssekw')
    .summary('export a wrapped key as the programmer of ST does')
    .description(
      'Exports a wrapped key from a simulated STM32U385 with the parameters of the option -rssekw of STM32CubeProgrammer:\n' +
        'KeyType, ExportPublicKey, WrappingKeySelect, KeyUsage, SecAttr, PrivAttr, AESMode. The file is whole or not there.',
    )
    .argument('<file>', 'where the container goes')
    .argument('[name=value...]', 'such as KeyType=eccchipfu ExportPublicKey=Yes')
    .option(
      '--user-key <file>',
      'P-256 private key in PEM that is wrapped in place of that of the chip',
    )
  return withJson(withDevice(command)).action(
    async (
      path: string,
      parameters: readonly string[],
      options: DeviceOptions & { readonly userKey?: string },
    ) => {
      const { exportWrapped } = await wiring()
      const { device, userKey } = options
      end(say(output, options, await exportWrapped(device, { path, parameters, userKey })))
    },
  )
}

function withJson(command: Command): Command {
  return command.option('--json', 'machine-readable result')
}
