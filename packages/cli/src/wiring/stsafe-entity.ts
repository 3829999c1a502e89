import { curveKeyPair, signMessage } from '@keyline/crypto'
import type { Entity } from '@keyline/stsafe'
import { curves } from '@keyline/stsafe/layout'
import { CliError } from '../errors.ts'
import type { Output } from '../terminal/output.ts'
import { readKey } from './stsafe-keys.ts'

/** Who proves to the chip to own a public key slot, as a command line names him. */
export interface EntityOptions {
  readonly entitySlot?: number
  readonly entityKey?: string
}

/**
 * The owner of an Ed25519 key; nothing when no slot is named. ECDSA over a bare challenge is for a signer of its own, which
 * keeps the time of its arithmetic to itself.
 * @throws CliError `CLI_KEYS`
 */
export async function entityOf(
  output: Output,
  { entitySlot: slot, entityKey }: EntityOptions,
): Promise<Entity | undefined> {
  if (slot === undefined) return undefined
  const option = '--entity-key'
  const key = await readKey(output, entityKey, { option, what: 'the private key of the entity' })
  const { privateKey: length } = curves.Ed25519
  if (key.length !== length) {
    const message = `the private key of the entity has ${key.length} octets, but Ed25519 has ${length}`
    throw new CliError('CLI_KEYS', message)
  }
  const pair = curveKeyPair('Ed25519', key.reveal())
  key.wipe()
  return { slot, sign: (challenge) => signMessage(pair, { message: challenge }) }
}
