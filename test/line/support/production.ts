import { createHash } from 'node:crypto'
import { systemRandom } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import type { LinePki } from '@keyline/cli/wiring'
import { createLocalIssuer, createPki } from '@keyline/issuer'
import type { Ledger } from '@keyline/ledger'
import {
  buildDeclaration,
  CertificationType,
  prepareTrust,
  type DeclarationSigner,
} from '@keyline/matter'
import type { LoadedOrder, StationParts } from '@keyline/station'
import { keyIdentifier, parseCertificate } from '@keyline/x509'

const vendorId = 0x1234
const productId = 0x5678

/** What makes a test line work under policy `production`: a vendor, authorities and a signer that nobody has published. */
export interface ProductionLine {
  readonly pki: LinePki
  /** The order of a test line under policy `production`. */
  change(loaded: LoadedOrder): LoadedOrder
  /** The station with the issuer and the trust of production. */
  parts(parts: StationParts, ledger: Ledger): StationParts
}

export async function productionLine(): Promise<ProductionLine> {
  const notBefore = new Date(Date.UTC(2026, 0, 1))
  const { paa, pai } = await createPki({ vendorId, notBefore, random: systemRandom })
  const pki = {
    paa: paa.certificate,
    pai: pai.certificate,
    signer: keyPairSigner(pai.keyPair),
  }
  const pair = generateP256()
  const identity: DeclarationSigner = {
    name: 'signer of a test',
    trust: 'official',
    keyId: keyIdentifier(pair.publicKey.point),
    publicKey: pair.publicKey,
    certificate: new Uint8Array(),
  }
  const declaration = await buildDeclaration({
    declaration: {
      formatVersion: 1,
      vendorId,
      productIds: [productId],
      deviceTypeId: 0x0100,
      certificateId: 'CSA22001MAT00001-00',
      securityLevel: 0,
      securityInformation: 0,
      versionNumber: 1,
      certificationType: CertificationType.official,
    },
    signer: keyPairSigner(pair),
    signerKeyId: identity.keyId,
  })
  return {
    pki,
    change: ({ prepared, findings }) => {
      const { order } = prepared
      const sha256 = createHash('sha256').update(declaration).digest('hex')
      return {
        findings,
        prepared: {
          ...prepared,
          declaration,
          order: {
            ...order,
            policy: 'production',
            product: { ...order.product, vendorId, productId },
            certificationDeclaration: { ...order.certificationDeclaration, sha256 },
          },
        },
      }
    },
    parts: (parts, ledger) => {
      const made = createLocalIssuer({
        ...pki,
        store: ledger,
        clock: parts.clock,
        random: systemRandom,
        policy: 'production',
      })
      return {
        ...parts,
        trust: prepareTrust({ paas: [pki.paa], policy: 'production', signers: [identity] }),
        authorities: { pai: parseCertificate(pki.pai), paa: parseCertificate(pki.paa) },
        issuer: { issue: async (request, options) => (await made).issue(request, options) },
      }
    },
  }
}
