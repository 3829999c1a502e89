import { concat } from '@keyline/bytes'
import type {
  CipherStreamService,
  DecryptionStream,
  EncryptionStream,
  Piece,
} from './cipher-streams.ts'
import { requireRange, type CallOptions } from './context.ts'

export interface WholeEncryption {
  readonly mode: 'CCM*' | 'GCM'
  readonly slot: number
  /** Nonce of CCM*, IV of GCM; drawn when left out. */
  readonly nonce?: Uint8Array | undefined
  readonly aad?: Uint8Array | undefined
  /** Of CCM* at most 65535 octets: its nonce leaves two octets for the length. */
  readonly plaintext: Uint8Array
  /** That of the key: it is not transmitted. */
  readonly tagLength: number
}

export interface WholeDecryption {
  readonly mode: 'CCM*' | 'GCM'
  readonly slot: number
  readonly nonce: Uint8Array
  readonly aad?: Uint8Array | undefined
  readonly ciphertext: Uint8Array
  readonly tag: Uint8Array
}

export interface WholeEncrypted {
  /** As sent. */
  readonly nonce: Uint8Array
  readonly ciphertext: Uint8Array
  readonly tag: Uint8Array
  /** Of a CCM* key with counter: these four octets, big endian, replaced the nonce at the offset of the key. */
  readonly counter?: number | undefined
}

/** 44 blocks: with nonce, lengths, tag and verdict they fit a frame both ways under every protection (section 3.8). */
const pieceLength = 704
/** A longer IV leaves no room beside it. */
const shortNonce = 16
const maxCcmMessage = 0xffff

/** Encrypts a message of any length in pieces; the key needs its chunk usage. */
export async function encryptWhole(
  streams: CipherStreamService,
  { mode, slot, nonce, aad, plaintext, tagLength }: WholeEncryption,
  options?: CallOptions,
): Promise<WholeEncrypted> {
  const { first, middle, last } = piecesOf(aad, plaintext, nonce)
  let stream: EncryptionStream
  if (mode === 'CCM*') {
    const totals = totalsOf(aad, plaintext)
    stream = await streams.encryptCcm({ slot, nonce, tagLength, ...totals, ...first }, options)
  } else {
    stream = await streams.encryptGcm({ slot, iv: nonce, tagLength, ...first }, options)
  }
  const ciphertext = [stream.first]
  for (const piece of middle) ciphertext.push(await stream.process(piece, options))
  const end = await stream.finish(last, options)
  const { nonce: sent, counter } = stream
  const whole = concat(...ciphertext, end.ciphertext)
  return { nonce: sent, ciphertext: whole, tag: end.tag, ...(counter !== undefined && { counter }) }
}

/** The whole plaintext, or nothing when the tag is wrong. The key needs its chunk usage. */
export async function decryptWhole(
  streams: CipherStreamService,
  { mode, slot, nonce, aad, ciphertext, tag }: WholeDecryption,
  options?: CallOptions,
): Promise<Uint8Array | undefined> {
  const { first, middle, last } = piecesOf(aad, ciphertext, nonce)
  let stream: DecryptionStream
  if (mode === 'CCM*') {
    const totals = totalsOf(aad, ciphertext)
    stream = await streams.decryptCcm({ slot, nonce, ...totals, ...first }, options)
  } else {
    stream = await streams.decryptGcm({ slot, iv: nonce, ...first }, options)
  }
  for (const piece of middle) await stream.process(piece, options)
  return stream.finish({ ...last, tag }, options)
}

function totalsOf(aad: Uint8Array = new Uint8Array(), data: Uint8Array) {
  requireRange('the length of a CCM* message', data.length, 0, maxCcmMessage)
  requireRange('the length of the associated data', aad.length, 0, 0xffff)
  return { totalAad: aad.length, totalData: data.length }
}

/** All associated data stand before the first octet of the message. */
function piecesOf(
  aad: Uint8Array | undefined,
  data: Uint8Array,
  nonce: Uint8Array | undefined,
): { readonly first: Piece; readonly middle: readonly Piece[]; readonly last: Piece } {
  const pieces: Piece[] = [
    ...cut(aad ?? new Uint8Array()).map((piece) => ({ aad: piece })),
    ...cut(data).map((piece) => ({ data: piece })),
  ]
  const hasRoom = nonce === undefined || nonce.length <= shortNonce
  const first = hasRoom ? (pieces.shift() ?? {}) : {}
  const last = pieces.pop() ?? {}
  return { first, middle: pieces, last }
}

function cut(octets: Uint8Array): readonly Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let offset = 0; offset < octets.length; offset += pieceLength) {
    pieces.push(octets.subarray(offset, offset + pieceLength))
  }
  return pieces
}
