import { concat, fromHex } from '@keyline/bytes'
import {
  generateP256,
  keyPairSigner,
  p256FromScalar,
  signP256,
  type P256KeyPair,
} from '@keyline/crypto'
import {
  buildDeclaration,
  encodeAttestationElements,
  MatterOid,
  prepareTrust,
  type AttestationInput,
  type CertificationDeclaration,
  type TrustInput,
} from '@keyline/matter'
import {
  authorityKeyIdentifier,
  basicConstraints,
  buildCertificate,
  keyIdentifier,
  keyUsage,
  name,
  noExpiry,
  Oid,
  subjectKeyIdentifier,
} from '@keyline/x509'

/** Begin of every DAC. */
export const dacBegin = new Date('2026-01-01T00:00:00Z')
/** When the commissioner looks. */
export const attestedAt = Date.parse('2026-06-01T00:00:00Z')
export const attestedKeys = { paa: generateP256(), pai: generateP256(), dac: generateP256() }
export const nonce = new Uint8Array(32).fill(7)
export const challenge = new Uint8Array(16).fill(9)

/** The published test key of the SDK. */
const testSigner = {
  signer: keyPairSigner(
    p256FromScalar(fromHex('aef3484116e9481ec57be0472df41bf499064e5024ad869eca5e889802d48075')),
  ),
  signerKeyId: fromHex('62fa823359acfaa9963e1cfa140addf504f37160'),
}

interface Ids {
  readonly vendorId?: string | undefined
  readonly productId?: string | undefined
}

/** How a device differs from one that is accepted. */
export interface Differences {
  readonly paaIds?: Ids
  readonly paiIds?: Ids
  readonly dacIds?: Ids
  readonly dacEnd?: Date
  readonly paiBegin?: Date
  readonly dacSigner?: P256KeyPair
  readonly declaration?: Partial<CertificationDeclaration>
  readonly input?: Partial<AttestationInput>
  readonly trust?: Partial<TrustInput>
}

function nameOf(role: string, { vendorId, productId }: Ids): Uint8Array {
  return name([
    { type: Oid.commonName, value: `Test ${role}` },
    ...(vendorId === undefined ? [] : [{ type: MatterOid.vendorId, value: vendorId }]),
    ...(productId === undefined ? [] : [{ type: MatterOid.productId, value: productId }]),
  ])
}

/** A device under a chain and a declaration of its own, and all that a commissioner asks and gets. */
export async function attestedDevice(differences: Differences = {}): Promise<AttestationInput> {
  const paaName = nameOf('PAA', differences.paaIds ?? {})
  const paiName = nameOf('PAI', differences.paiIds ?? { vendorId: 'FFF1' })
  const dacName = nameOf('DAC', differences.dacIds ?? { vendorId: 'FFF1', productId: '8004' })
  const keyIds = {
    paa: subjectKeyIdentifier(keyIdentifier(attestedKeys.paa.publicKey.point)),
    pai: subjectKeyIdentifier(keyIdentifier(attestedKeys.pai.publicKey.point)),
    dac: subjectKeyIdentifier(keyIdentifier(attestedKeys.dac.publicKey.point)),
  }
  const issuerIds = {
    paa: authorityKeyIdentifier(keyIdentifier(attestedKeys.paa.publicKey.point)),
    pai: authorityKeyIdentifier(keyIdentifier(attestedKeys.pai.publicKey.point)),
  }
  const usage = keyUsage(['keyCertSign', 'cRLSign'])
  const paa = await buildCertificate({
    serialNumber: fromHex('01'),
    issuer: paaName,
    subject: paaName,
    notBefore: new Date('2020-01-01T00:00:00Z'),
    notAfter: noExpiry,
    publicKey: attestedKeys.paa.publicKey,
    extensions: [basicConstraints({ ca: true, pathLength: 1 }), usage, keyIds.paa, issuerIds.paa],
    signer: keyPairSigner(attestedKeys.paa),
  })
  const pai = await buildCertificate({
    serialNumber: fromHex('02'),
    issuer: paaName,
    subject: paiName,
    notBefore: differences.paiBegin ?? new Date('2021-01-01T00:00:00Z'),
    notAfter: noExpiry,
    publicKey: attestedKeys.pai.publicKey,
    extensions: [basicConstraints({ ca: true, pathLength: 0 }), usage, keyIds.pai, issuerIds.paa],
    signer: keyPairSigner(attestedKeys.paa),
  })
  const dac = await buildCertificate({
    serialNumber: fromHex('03'),
    issuer: paiName,
    subject: dacName,
    notBefore: dacBegin,
    notAfter: differences.dacEnd ?? noExpiry,
    publicKey: attestedKeys.dac.publicKey,
    extensions: [
      basicConstraints({ ca: false }),
      keyUsage(['digitalSignature']),
      keyIds.dac,
      issuerIds.pai,
    ],
    signer: keyPairSigner(differences.dacSigner ?? attestedKeys.pai),
  })
  const certificationDeclaration = await buildDeclaration({
    declaration: {
      formatVersion: 1,
      vendorId: 0xfff1,
      productIds: [0x8004, 0x8005],
      deviceTypeId: 22,
      certificateId: 'CSA00000SWC00000-00',
      securityLevel: 0,
      securityInformation: 0,
      versionNumber: 1,
      certificationType: 0,
      ...differences.declaration,
    },
    ...testSigner,
  })
  const elements = encodeAttestationElements({ certificationDeclaration, nonce, timestamp: 0 })
  return {
    dac,
    pai,
    elements,
    signature: signP256(attestedKeys.dac, concat(elements, challenge)),
    nonce,
    challenge,
    basicInformation: { vendorId: 0xfff1, productId: 0x8004 },
    time: attestedAt,
    trust: prepareTrust({ paas: [paa], policy: 'test', ...differences.trust }),
    ...differences.input,
  }
}
