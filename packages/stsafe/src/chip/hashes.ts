import { StsafeError } from '../errors.ts'
import { hashes, type HashName } from '../layout/algorithm.ts'
import { Form } from '../layout/form/forms.ts'
import { requireRange, type CallOptions, type ChipContext } from './context.ts'

/** Pieces of the reference library: the greatest that fit with its one octet of reserve. */
const firstPiece = 738
const nextPiece = 749
const hashIdLength = 11

/** Digests made by the chip (section 3.8). SHA-1 and SHA-224 are no services of the A120. */
export class HashService {
  readonly #context: ChipContext

  constructor(context: ChipContext) {
    this.#context = context
  }

  /** Replaces `stse_start_hash`; at least one octet. */
  async start(algorithm: HashName, message: Uint8Array, options?: CallOptions): Promise<void> {
    requireRange('the length of the first piece', message.length, 1, 0xffff)
    await this.#context.queue.run(Form.startHash, { algorithm, message }, options)
  }

  /** Replaces `stse_process_hash`. */
  async process(message: Uint8Array, options?: CallOptions): Promise<void> {
    await this.#context.queue.run(Form.processHash, { message }, options)
  }

  /** Replaces `stse_finish_hash`. */
  async finish(
    algorithm: HashName,
    message: Uint8Array = new Uint8Array(),
    options?: CallOptions,
  ): Promise<Uint8Array> {
    const { digest } = await this.#context.queue.run(Form.finishHash, { message }, options)
    return ofLength(digest, algorithm)
  }

  /**
   * The digest of a message in as few commands as fit, with room for MAC and padding where the commands are protected.
   * Replaces `stse_compute_hash`.
   */
  async compute(
    algorithm: HashName,
    message: Uint8Array,
    options?: CallOptions,
  ): Promise<Uint8Array> {
    requireRange('the length of the message', message.length, 1, 0xffff_ffff)
    return this.#context.queue.exclusive(async (channel) => {
      const first = Math.min(firstPiece, channel.roomOf(Form.startHash) - hashIdLength)
      const next = Math.min(nextPiece, channel.roomOf(Form.processHash))
      const start = { algorithm, message: message.subarray(0, first) }
      await channel.run(Form.startHash, start, options)
      for (let offset = first; offset < message.length; offset += next) {
        const piece = message.subarray(offset, offset + next)
        await channel.run(Form.processHash, { message: piece }, options)
      }
      const end = { message: new Uint8Array() }
      const { digest } = await channel.run(Form.finishHash, end, options)
      return ofLength(digest, algorithm)
    })
  }
}

function ofLength(digest: Uint8Array, algorithm: HashName): Uint8Array {
  const { length } = hashes[algorithm]
  if (digest.length === length) return digest
  const message = `the chip gave a digest of ${digest.length} octets, but ${algorithm} has ${length}`
  throw new StsafeError('STSAFE_RESPONSE', message)
}
