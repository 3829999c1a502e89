import {
  BytesError,
  choice,
  concat,
  decode,
  decodeUtf8,
  encode,
  encodeUtf8,
  layout,
  mapped,
  octets,
  prefixedBy,
  remaining,
  u32be,
  u8,
  type Field,
} from '@keyline/bytes'

/** Version of the protocol; both ends must speak the same. */
export const signerProtocolVersion = 1

/** A list of revoked certificates is the longest thing that is ever signed (the DER limit of lists). */
export const longestToBeSigned = 16 * 1024 * 1024
const longestText = 480
const longestSignature = 80

/** Octets of the longest frame that a holder of a key reads, and of the longest answer, without the length. */
export const longestRequestFrame = longestToBeSigned + 16
export const longestAnswerFrame = 1024

const kinds = { hello: 1, welcome: 2, sign: 3, signature: 4, refusal: 5 } as const
const kind = choice(u8, kinds)

const text = mapped(
  remaining(0, longestText),
  (value) => decodeUtf8(value, 'message'),
  (value: string) => encodeUtf8(value),
)

/** Every frame: u32 length, then kind u8 and the body of that kind. Numbers are big endian. */
const bodies = {
  /** The first frame of a client: `KLSG`, then the version that it speaks. */
  hello: prefixedBy([0x4b, 0x4c, 0x53, 0x47], layout({ version: u8 })),
  /** The answer: version, where the key rests, and its point. */
  welcome: layout({
    version: u8,
    custody: choice(u8, { file: 1, extractable: 2, module: 3 }),
    point: octets(65),
  }),
  /** What is to be signed, not its digest, so that the holder of the key can look at it. */
  sign: layout({ id: u32be, toBeSigned: remaining(1, longestToBeSigned) }),
  /** ECDSA with SHA-256, DER. */
  signature: layout({ id: u32be, signature: remaining(8, longestSignature) }),
  refusal: layout({
    id: u32be,
    code: choice(u8, {
      ISSUER_SIGNER_FAILED: 1,
      ISSUER_SIGNER_LIMIT: 2,
      ISSUER_SIGNER_REFUSED: 3,
    }),
    message: text,
  }),
} as const

type Bodies = typeof bodies
type Kind = keyof Bodies
type BodyOf<K extends Kind> = Bodies[K] extends Field<infer T> ? T : never

/** One frame of either direction. */
export type SignerMessage = { [K in Kind]: { readonly kind: K } & BodyOf<K> }[Kind]
export type SignerRefusalCode = BodyOf<'refusal'>['code']

/** Octets of a frame with its length. @throws BytesError */
export function encodeSignerMessage(message: SignerMessage): Uint8Array {
  const body = concat(encode(kind, message.kind, 'kind'), encodeBody(message))
  return concat(encode(u32be, body.length, 'length'), body)
}

/** @param frame without its length. @throws BytesError */
export function decodeSignerMessage(frame: Uint8Array): SignerMessage {
  const body = frame.subarray(1)
  const decoders = {
    hello: () => ({ kind: 'hello', ...decode(bodies.hello, body, 'hello') }),
    welcome: () => ({ kind: 'welcome', ...decode(bodies.welcome, body, 'welcome') }),
    sign: () => ({ kind: 'sign', ...decode(bodies.sign, body, 'sign') }),
    signature: () => ({ kind: 'signature', ...decode(bodies.signature, body, 'signature') }),
    refusal: () => ({ kind: 'refusal', ...decode(bodies.refusal, body, 'refusal') }),
  } as const satisfies Record<Kind, () => SignerMessage>
  return decoders[decode(kind, frame.subarray(0, 1), 'kind')]()
}

function encodeBody(message: SignerMessage): Uint8Array {
  if (message.kind === 'hello') return encode(bodies.hello, message, 'hello')
  if (message.kind === 'welcome') return encode(bodies.welcome, message, 'welcome')
  if (message.kind === 'sign') return encode(bodies.sign, message, 'sign')
  if (message.kind === 'signature') return encode(bodies.signature, message, 'signature')
  return encode(bodies.refusal, message, 'refusal')
}

/** The text of a refusal as far as it fits: no letter takes more than three octets a code unit. */
export function refusalText(message: string): string {
  return message.slice(0, longestText / 3)
}

/** Cuts a stream into frames, whatever the pieces it comes in. */
export class SignerFrames {
  readonly #longest: number
  #pieces: Uint8Array[] = []
  #length = 0

  /** @param longest octets of a frame without its length */
  constructor(longest: number) {
    this.#longest = longest
  }

  /** Takes a piece and gives the frames that it completes. @throws BytesError `BYTES_RANGE` for an empty or too long frame */
  take(piece: Uint8Array): readonly Uint8Array[] {
    this.#pieces.push(piece)
    this.#length += piece.length
    const frames: Uint8Array[] = []
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame)
    return frames
  }

  #next(): Uint8Array | undefined {
    if (this.#length < u32be.max) return undefined
    const [first] = this.#pieces
    if (first === undefined || first.length < u32be.max) this.#join()
    const [head = new Uint8Array()] = this.#pieces
    const length = decode(u32be, head.subarray(0, u32be.max), 'length')
    if (length === 0 || length > this.#longest) {
      const message = `a frame announces ${length} octets, but must have 1 to ${this.#longest}`
      throw new BytesError('BYTES_RANGE', message)
    }
    const end = u32be.max + length
    if (this.#length < end) return undefined
    this.#join()
    const [joined = new Uint8Array()] = this.#pieces
    this.#pieces = joined.length === end ? [] : [joined.subarray(end)]
    this.#length -= end
    return joined.subarray(u32be.max, end)
  }

  #join(): void {
    if (this.#pieces.length > 1) this.#pieces = [concat(...this.#pieces)]
  }
}
