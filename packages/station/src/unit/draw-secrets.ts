import type { Clock, Random } from '@keyline/bytes'
import { spake2pVerifier } from '@keyline/crypto'
import type { UnitSecrets } from '@keyline/ledger/records'
import { drawDiscriminator, drawPasscode } from '@keyline/matter'

export interface DrawOptions {
  readonly random: Random
  readonly clock: Clock
  /** 1 000 … 100 000. */
  readonly iterations: number
}

/** Longest salt that the format allows: nothing speaks for a shorter one. */
const saltLength = 32

/** Draws the secrets of one unit, each on its own. Source: matter-factory-data section 7, security section 3. */
export async function drawSecrets(options: DrawOptions): Promise<UnitSecrets> {
  const { random, iterations } = options
  const passcode = drawPasscode(random)
  const discriminator = drawDiscriminator(random)
  const salt = random.bytes(saltLength)
  const { verifier } = await options.clock.during(() =>
    spake2pVerifier({ passcode, salt, iterations }),
  )
  return { passcode, discriminator, salt, iterations, verifier }
}
