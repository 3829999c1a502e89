import { keyPairSigner, p256FromScalar } from '@keyline/crypto'
import {
  createDacLint,
  createPki,
  readPai,
  type DacLint,
  type IssueDacInput,
  type Pai,
  type Pki,
  type SubjectEncoding,
} from '@keyline/issuer'
import { noExpiry } from '@keyline/x509'
import type { Draw } from '../../support/draw.ts'

/** A PAI in service, and all that signing with it needs. */
export interface Authority {
  readonly pki: Pki
  readonly pai: Pai
  readonly lint: DacLint
  readonly vendorId: number
  readonly productId: number | undefined
}

export type AuthorityKind = 'any product' | 'one product'

/** An authority of a drawn vendor, for every product or for one, with an end or without. */
export async function drawAuthority(draw: Draw, kind: AuthorityKind): Promise<Authority> {
  const vendorId = draw.between(1, 0xfff4)
  const productId = kind === 'one product' ? draw.between(1, 0xffff) : undefined
  const pki = await createPki({
    vendorId,
    productId,
    notBefore: paiStart,
    notAfter: draw.once(2) ? paiEnd : noExpiry,
    random: draw.random,
  })
  const { certificate } = pki.pai
  return { pki, pai: readPai(certificate), lint: createDacLint(certificate), vendorId, productId }
}

const paiStart = new Date('2021-01-01T00:00:00Z')
const paiEnd = new Date('2121-01-01T00:00:00Z')
/** Every drawn certificate is valid at this time. */
export const validityProbe = new Date('2040-01-01T00:00:00Z')

/** Characters of one to four octets; no colon, so that no name imitates the fallback. */
const nameAlphabet = 'ABCXYZabcxyz0123456789 -_.,+=/"<>#;\\*@éßЖ漢😀'
/** So long that the certificate stays below its 600 octets. */
const mostNameOctets = 100

/** Everything random that one device certificate may hold. */
export function drawDac(draw: Draw, authority: Authority): IssueDacInput {
  const { pai, lint, vendorId, pki } = authority
  const productId = authority.productId ?? draw.between(1, 0xffff)
  const subjectEncoding = draw.pick<SubjectEncoding>(['oid', 'cn-fallback'])
  return {
    pai,
    lint,
    signer: keyPairSigner(pki.pai.keyPair),
    publicKey: p256FromScalar(draw.octets(32)).publicKey,
    serialNumber: drawSerialNumber(draw),
    commonName: drawCommonName(draw, subjectEncoding),
    vendorId,
    productId,
    subjectEncoding,
    notBefore: drawSecond(draw, paiStart, validityProbe),
    notAfter: draw.once(3) ? pai.certificate.notAfter : drawSecond(draw, validityProbe, paiEnd),
    now: validityProbe,
  }
}

/** 1 to 20 octets in its encoded form, and not zero. */
function drawSerialNumber(draw: Draw): Uint8Array {
  const octets = draw.octets(draw.between(1, 20))
  octets[0] = (octets[0] ?? 0) & 0x7f
  octets[octets.length - 1] = (octets.at(-1) ?? 0) | 1
  return octets
}

function drawCommonName(draw: Draw, encoding: SubjectEncoding): string {
  const suffix = encoding === 'cn-fallback' ? ' Mvid:FFFF Mpid:FFFF'.length : 0
  const limit = suffix > 0 ? 64 - suffix : mostNameOctets
  const characters = Array.from(draw.text(nameAlphabet, draw.between(1, 64)))
  while (Buffer.byteLength(characters.join('')) > limit) characters.pop()
  return characters.join('')
}

function drawSecond(draw: Draw, start: Date, end: Date): Date {
  const seconds = (end.getTime() - start.getTime()) / 1_000
  return new Date(start.getTime() + draw.between(0, seconds) * 1_000)
}
