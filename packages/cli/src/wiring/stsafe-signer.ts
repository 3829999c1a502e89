import { curveKeyPair, signMessage } from '@keyline/crypto'
import type { Authenticator } from '@keyline/stsafe'
import { curves, hashes, type CurveName } from '@keyline/stsafe/layout'
import { CliError } from '../errors.ts'
import type { Output } from '../terminal/output.ts'
import { readKey } from './stsafe-keys.ts'

export const curveNames = namesIn(curves)
export const signerHashes = namesIn(hashes).filter((name) => name !== 'SHA-224')
/** Curves on which a secret can be agreed. */
export const agreementCurves = curveNames.filter((name) => curves[name].sharedSecret > 0)

/** Who authenticates a provisioning, as a command line names him. */
export interface SignerOptions {
  readonly signerSlot?: number
  readonly signerKey?: string
  readonly signerCurve: CurveName
  readonly signerHash: Exclude<keyof typeof hashes, 'SHA-224'>
}

/**
 * The owner of the private key behind a public key slot; nothing when no slot is named. The file holds the private key
 * in hexadecimal.
 * @throws CliError `CLI_KEYS`
 */
export async function signerOf(
  output: Output,
  options: SignerOptions,
): Promise<Authenticator | undefined> {
  const { signerSlot: slot, signerCurve: curve, signerHash: hash } = options
  if (slot === undefined) return undefined
  const option = '--signer-key'
  const key = await readKey(output, options.signerKey, {
    option,
    what: 'the private key of the signer',
  })
  if (key.length !== curves[curve].privateKey) {
    const message = `the private key of the signer has ${key.length} octets, but ${curve} has ${curves[curve].privateKey}`
    throw new CliError('CLI_KEYS', message)
  }
  const pair = curveKeyPair(curve, key.reveal())
  key.wipe()
  if (curves[curve].form === 'edwards') {
    return { slot, sign: (message) => signMessage(pair, { message }) }
  }
  return { slot, hash, sign: (message) => signMessage(pair, { message, hash }) }
}

function namesIn<T extends object>(table: T): readonly (keyof T & string)[] {
  // The keys of a constant table are its names, by its own declaration.
  return Object.keys(table) as (keyof T & string)[]
}
