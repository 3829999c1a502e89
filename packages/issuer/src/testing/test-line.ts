import { seededRandom, VirtualClock, type Clock } from '@keyline/bytes'
import { generateP256, keyPairSigner, type P256KeyPair } from '@keyline/crypto'
import { buildRequest, name } from '@keyline/x509'
import {
  createLocalIssuer,
  type LocalIssuer,
  type LocalIssuerOptions,
} from '../issue/local-issuer.ts'
import { createPki, type Pki } from '../pki/create-pki.ts'
import { MemoryIssuanceStore } from './memory-store.ts'

/** The day on which these tests take place. */
export const today = new Date('2026-06-01T00:00:00Z')

export const testPki = (changed: Partial<Parameters<typeof createPki>[0]> = {}): Promise<Pki> =>
  createPki({
    vendorId: 0xfff1,
    notBefore: new Date('2026-05-01T00:00:00Z'),
    random: seededRandom('pki'),
    ...changed,
  })

/** PKCS#10 of a board with this key, a fresh one unless given. */
export function csrOf(pair: P256KeyPair = generateP256()): Promise<Uint8Array> {
  return buildRequest({ subject: name([]), signer: keyPairSigner(pair) })
}

export interface TestLine {
  readonly pki: Pki
  readonly store: MemoryIssuanceStore
  readonly clock: Clock
  readonly issuer: LocalIssuer
}

/** An issuer over a store in memory with the order `O-1` and the units `U-1` … `U-9`. */
export async function testLine(
  changed: Partial<LocalIssuerOptions> & { readonly store?: MemoryIssuanceStore } = {},
): Promise<TestLine> {
  const pki = await testPki()
  const { store = new MemoryIssuanceStore() } = changed
  store.addOrder({ orderId: 'O-1' })
  for (let unit = 1; unit <= 9; unit++) store.addUnit(`U-${unit}`, `SN-000${unit}`)
  const clock = new VirtualClock(today.getTime())
  const issuer = await createLocalIssuer({
    signer: keyPairSigner(pki.pai.keyPair),
    pai: pki.pai.certificate,
    paa: pki.paa.certificate,
    clock,
    random: seededRandom('issuer'),
    ...changed,
    store,
  })
  return { pki, store, clock, issuer }
}
