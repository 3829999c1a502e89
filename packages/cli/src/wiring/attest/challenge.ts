import { CliError } from '../../errors.ts'
import { readInput } from '../pki-input.ts'
import { encodedOctets } from './evidence-input.ts'

const sizes: ReadonlySet<number> = new Set([32, 48, 64])

/** Where the challenge of a verifier comes from: one of the two. */
export interface ChallengeOptions {
  readonly challenge?: string | undefined
  readonly challengeFile?: string | undefined
}

/** The challenge that a token must carry. @throws CliError `CLI_USAGE`, `CLI_FILE`, `CLI_INPUT` */
export async function readChallenge(options: ChallengeOptions): Promise<Uint8Array> {
  const { challenge, challengeFile } = options
  if ((challenge === undefined) === (challengeFile === undefined)) {
    throw new CliError('CLI_USAGE', 'the challenge of the verifier is not named once', {
      remedy:
        'pass it with --challenge or --challenge-file; a device that makes its own proves nothing',
    })
  }
  if (challengeFile === undefined)
    return sized(textOctets(challenge ?? '', '--challenge'), '--challenge')
  const octets = await readInput(challengeFile, 'text')
  if (sizes.has(octets.length)) return octets
  return sized(textOctets(new TextDecoder().decode(octets), challengeFile), challengeFile)
}

/** Octets of an option that is written in hexadecimal, base64 or base64url. @throws CliError `CLI_USAGE` */
export function textOctets(written: string, what: string): Uint8Array {
  const octets = encodedOctets(written.trim())?.octets
  if (octets !== undefined) return octets
  throw new CliError('CLI_USAGE', `${what} is neither hexadecimal, base64 nor base64url`)
}

function sized(octets: Uint8Array, what: string): Uint8Array {
  if (sizes.has(octets.length)) return octets
  throw new CliError('CLI_USAGE', `${what} has ${octets.length} octets, not 32, 48 or 64`)
}
