import type { Command } from 'commander'
import { agreementCurves, curveNames, signerHashes } from '../../wiring/stsafe-signer.ts'
import { wholeNumber } from '../options.ts'
import { nameOf } from './on-chip.ts'

/** Options of an agreement. */
export function withCurve(command: Command): Command {
  return command.option(
    '--curve <curve>',
    `curve of the agreement: ${agreementCurves.join(', ')}`,
    nameOf(agreementCurves),
    'P-256',
  )
}

/** Options of who authenticates an agreement. */
export function withSigner(command: Command, need: 'required' | 'optional' = 'optional'): Command {
  const slot = [
    '--signer-slot <slot>',
    'public key slot of the signer',
    wholeNumber(0, 254),
  ] as const
  return (need === 'required' ? command.requiredOption(...slot) : command.option(...slot))
    .option('--signer-key <file>', 'private key of the signer, hexadecimal')
    .option('--signer-curve <curve>', 'curve of that key', nameOf(curveNames), 'P-256')
    .option('--signer-hash <hash>', 'hash of an ECDSA signature', nameOf(signerHashes), 'SHA-256')
}
