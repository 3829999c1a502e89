import type { Command } from 'commander'
import { keyMode, keyUsages, usages } from '../../wiring/stsafe-key-information.ts'
import { kebab } from '../../wiring/stsafe-text.ts'
import { wholeNumber } from '../options.ts'
import { nameOf } from './on-chip.ts'

const keyTypes = ['AES-128', 'AES-256', 'generic'] as const
const locks = ['unlocked', 'locked', 'erasable'] as const

/** Options of what a symmetric key is and may do. */
export function withKeyInformation(command: Command): Command {
  return command
    .requiredOption('--type <type>', keyTypes.join(', '), nameOf(keyTypes))
    .requiredOption('--mode <mode>', 'CCM*, CMAC, ECB, GCM, HKDF or HMAC', keyMode)
    .requiredOption('--usage <names>', usages.map(kebab).join(', '), keyUsages)
    .option('--lock <lock>', locks.join(', '), nameOf(locks), 'unlocked')
    .option('--min-mac-length <octets>', 'CMAC and HMAC: shortest MAC', wholeNumber(1, 32))
    .option('--tag-length <octets>', 'CCM* and GCM: length of the tag', wholeNumber(0, 16))
    .option(
      '--counter-offset <octets>',
      "CCM*: where the chip's counter stands in the nonce",
      wholeNumber(0, 9),
    )
    .option('--key-length <octets>', 'generic: length of the secret', wholeNumber(16, 32))
    .option('--returnable', 'HKDF: derived keys may leave the chip')
}
