import { seededRandom } from '@keyline/bytes'
import { generateP256, keyPairSigner, type P256KeyPair } from '@keyline/crypto'
import { buildDac, createPki, readPai } from '@keyline/issuer'

const product = { vendorId: 0xfff1, productId: 0x8004 }
const notBefore = new Date(Date.UTC(2026, 0, 1))
const notAfter = new Date(Date.UTC(2036, 0, 1))

/** A DAC and what it was ordered to be, as the lint takes them. */
export interface MadeDac {
  readonly certificate: Uint8Array
  readonly publicKey: Uint8Array
  readonly vendorId: number
  readonly productId: number
}

export interface MadeDacs {
  readonly pai: { readonly certificate: Uint8Array; readonly keyPair: P256KeyPair }
  readonly dacs: readonly MadeDac[]
}

/** Device certificates of one PAI, each with a key, a serial number and a name of its own. */
export async function makeDacs(count: number): Promise<MadeDacs> {
  const random = seededRandom('device certificates')
  const { pai } = await createPki({ ...product, notBefore, random })
  const issuer = { pai: readPai(pai.certificate), signer: keyPairSigner(pai.keyPair) }
  const validity = { notBefore, notAfter, now: notBefore }
  const dacs: MadeDac[] = []
  for (let index = 0; index < count; index += 1) {
    const { publicKey } = generateP256()
    const serialNumber = Uint8Array.of(0x4b, ...random.bytes(15))
    const commonName = `Bench DAC ${index}`
    const order = { ...product, publicKey, serialNumber, commonName }
    const certificate = await buildDac({ ...issuer, ...order, ...validity })
    dacs.push({ certificate, publicKey: publicKey.point, ...product })
  }
  return { pai, dacs }
}

/** Goes round the items, one at each call. */
export function rotation<T>(items: readonly T[]): () => T {
  let next = 0
  return () => {
    const item = items[next]
    if (item === undefined) throw new Error('there is nothing to go round')
    next = (next + 1) % items.length
    return item
  }
}
