import type { Clock, Random } from '@keyline/bytes'
import { spake2pVerifier, spake2pVerifierSync, type P256Multiplier } from '@keyline/crypto'
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
  const drawn = draw(options)
  const { verifier } = await options.clock.during(() => spake2pVerifier(drawn))
  return { ...drawn, verifier }
}

/** The same on this thread, for a worker that makes many. */
export function drawSecretsSync(
  options: Omit<DrawOptions, 'clock'> & { readonly multiplier?: P256Multiplier | undefined },
): UnitSecrets {
  const drawn = draw(options)
  const { verifier } = spake2pVerifierSync(drawn, options.multiplier)
  return { ...drawn, verifier }
}

function draw({ random, iterations }: Omit<DrawOptions, 'clock'>): Omit<UnitSecrets, 'verifier'> {
  const passcode = drawPasscode(random)
  const discriminator = drawDiscriminator(random)
  return { passcode, discriminator, salt: random.bytes(saltLength), iterations }
}
