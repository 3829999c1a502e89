import { describeError, equalOctets, type Random } from '@keyline/bytes'
import { verifyP256Der, type Signer } from '@keyline/crypto'
import { ServerError } from '../errors.ts'
import { knownAnswers, type KnownAnswer } from './known-answers.ts'

/** Octets of one look at the generator. */
const sample = 4_096

/**
 * Known answers of every primitive in use, right and wrong ones, and the health of the random generator.
 * @throws ServerError `SERVER_SELF_TEST`, which names what failed
 */
export function selfTest(
  random: Random,
  answers: readonly KnownAnswer[] = knownAnswers,
): readonly string[] {
  for (const { algorithm, source, answers: isRight, refuses } of answers) {
    if (!isTrue(isRight)) throw failed(`${algorithm} gives a wrong answer (${source})`)
    if (!isTrue(refuses)) throw failed(`${algorithm} accepts a wrong input (${source})`)
  }
  const problem = randomProblem(random)
  if (problem !== undefined) throw failed(`the random generator ${problem}`)
  return answers.map(({ algorithm }) => algorithm)
}

/** Lets the signer sign something fresh and verifies it. @throws ServerError `SERVER_SELF_TEST` */
export async function probeSigner(signer: Signer, random: Random): Promise<void> {
  const message = random.bytes(32)
  const signature = await signer.sign(message).catch((cause: unknown) => {
    throw failed(`the signer gave no signature: ${describeError(cause)}`, cause)
  })
  if (verifyP256Der({ publicKey: signer.publicKey, message, signature })) return
  throw failed('the signature of the signer does not verify')
}

/**
 * Repetition and proportion, in the sense of SP 800-90B section 4.4, with bounds that a sound generator passes but once
 * in far more starts than a server will ever see (below 2^-60).
 */
function randomProblem(random: Random): string | undefined {
  const octets = random.bytes(sample)
  if (equalOctets(octets, random.bytes(sample))) return 'gave the same octets twice'
  const counts = Array.from({ length: 256 }, () => 0)
  let run = 0
  let before = -1
  for (const octet of octets) {
    counts[octet] = (counts[octet] ?? 0) + 1
    run = octet === before ? run + 1 : 1
    if (run >= 10) return `repeats the octet ${octet}`
    before = octet
  }
  const most = Math.max(...counts)
  return most > 72 ? `prefers one octet: ${most} of ${sample}` : undefined
}

function isTrue(check: () => boolean): boolean {
  try {
    return check()
  } catch {
    return false
  }
}

function failed(message: string, cause?: unknown): ServerError {
  return new ServerError('SERVER_SELF_TEST', message, { cause })
}
