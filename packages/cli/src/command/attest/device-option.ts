import type { Command } from 'commander'
import { hexOctets } from '../../wiring/stsafe-message.ts'
import { collect } from '../options.ts'

/** An empty variable names no folder. */
const defaultDevice = process.env['KEYLINE_ATTESTER'] || 'sim:keyline-attester'

/** Adds the option that names the simulated device. */
export function withDevice(command: Command): Command {
  return command.option(
    '--device <uri>',
    'sim:FOLDER of a simulated device (KEYLINE_ATTESTER)',
    defaultDevice,
  )
}

/** Adds the options that say what was measured. */
export function withFirmware(command: Command): Command {
  return command
    .option(
      '--firmware <TYPE[@VERSION]=FILE>',
      'an image that the boot loader measures, such as BL@2.1.0=bl2.bin; may be repeated',
      collect,
    )
    .option('--signer-id <octets>', 'hash of the key that signed the images', hexOctets)
    .option('--boot-record <file>', 'shared area of a boot loader, in place of --firmware')
}
