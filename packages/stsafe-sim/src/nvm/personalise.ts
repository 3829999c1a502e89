import { concat, fromHex, toHexUpper, type Random } from '@keyline/bytes'
import {
  drawPrivateKey,
  keyPairSigner,
  p256FromScalar,
  publicKeyOf,
  p256PublicKey,
  type P256KeyPair,
} from '@keyline/crypto'
import { ProductTag } from '@keyline/stsafe/layout'
import { basicConstraints, buildCertificate, name, Oid } from '@keyline/x509'
import { StsafeSimError } from '../errors.ts'
import { replaced, unlimitedUsage, type ChipState } from './state.ts'

/** A root under which simulated chips are personalised. It says that it is a test; ST's own root is not touched. */
export interface TestRoot {
  /** DER, self-signed, P-256. */
  readonly certificate: Uint8Array
  readonly keyPair: P256KeyPair
}

const second = 1000
const notBefore = new Date(Date.UTC(2024, 0, 1))
const notAfter = new Date(Date.UTC(2054, 0, 1) - second)

/** What follows the ST number in a certificate's serial number: product trailer of the evaluation parts. */
const productTrailer = fromHex('0139')

const rootName = name([
  { type: Oid.country, value: 'NL', printable: true },
  { type: Oid.organization, value: 'Keyline' },
  { type: Oid.commonName, value: 'STSAFE-A SIMULATOR TEST CA' },
])

/** Makes a root from a private key that the source draws. */
export async function makeTestRoot(random: Random): Promise<TestRoot> {
  const keyPair = p256FromScalar(drawPrivateKey('P-256', random))
  const certificate = await buildCertificate({
    serialNumber: Uint8Array.of(1),
    issuer: rootName,
    subject: rootName,
    notBefore,
    notAfter,
    publicKey: keyPair.publicKey,
    extensions: [basicConstraints({ ca: true })],
    signer: keyPairSigner(keyPair),
  })
  return { certificate, keyPair }
}

export interface Personalisation {
  readonly root: TestRoot
  /** Draws the private key of slot 0, and the unique part of the ST number. */
  readonly random: Random
}

/**
 * Gives a chip what the factory gives it (section 6.3): an ST number of its own, a P-256 key in private key slot 0, and
 * the certificate of it in zone 0.
 * @throws StsafeSimError `SIM_PROFILE` for a profile without that slot or zone, or without an ST number
 */
export async function personalise(
  state: ChipState,
  { root, random }: Personalisation,
): Promise<ChipState> {
  const zone = state.zones[0]
  const stNumber = concat(Uint8Array.of(0x02, 0x09), random.bytes(7))
  const productData = state.productData.map((entry) =>
    entry.tag === ProductTag.stNumber ? { ...entry, value: stNumber } : entry,
  )
  const hasNumber = state.productData.some(({ tag }) => tag === ProductTag.stNumber)
  const privateKey = drawPrivateKey('P-256', random)
  const certificate = await leafCertificate(root, stNumber, privateKey)
  const hasSlot = state.privateKeys.some(({ slot }) => slot === 0)
  if (!hasSlot || !hasNumber || zone === undefined || zone.data.length < certificate.length) {
    throw new StsafeSimError(
      'SIM_PROFILE',
      'a chip to personalise has an ST number, private key slot 0, and room for a certificate in zone 0',
    )
  }
  const data = new Uint8Array(zone.data.length)
  data.set(certificate)
  const key = { curve: 'P-256' as const, octets: privateKey, usageLimit: unlimitedUsage }
  return {
    ...state,
    productData,
    zones: replaced(state.zones, 0, { ...zone, data }),
    privateKeys: state.privateKeys.map((slot) => (slot.slot === 0 ? { ...slot, key } : slot)),
  }
}

async function leafCertificate(
  root: TestRoot,
  stNumber: Uint8Array,
  privateKey: Uint8Array,
): Promise<Uint8Array> {
  const serialNumber = concat(stNumber, productTrailer)
  const point = concat(Uint8Array.of(0x04), publicKeyOf('P-256', privateKey))
  return buildCertificate({
    serialNumber,
    issuer: rootName,
    subject: name([
      { type: Oid.country, value: 'FR', printable: true },
      { type: Oid.organization, value: 'STMicroelectronics' },
      { type: Oid.commonName, value: `eval5-${toHexUpper(serialNumber)}` },
    ]),
    notBefore,
    notAfter,
    publicKey: p256PublicKey(point),
    extensions: [],
    signer: keyPairSigner(root.keyPair),
  })
}
