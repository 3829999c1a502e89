import { Secret, systemRandom } from '@keyline/bytes'
import { DacSeries, drawSerialNumber, readPai, type SeriesDac } from '@keyline/issuer'
import type { BatchUnit } from '@keyline/ledger'
import { profiles } from '@keyline/matter'
import {
  blockRandom,
  plainLines,
  sealedLines,
  UnitMaker,
  type DeviceCertificates,
} from '@keyline/station'
import type { GenerateSetup } from './generate-setup.ts'
import { openPki } from './pki.ts'

/** The certificates of a device, and what is recorded of its own. */
export interface IssuedCredentials extends DeviceCertificates {
  readonly certificate: SeriesDac
}

export type BatchUnitMaker = UnitMaker<IssuedCredentials, BatchUnit>

/** Whatever makes units on one thread. The key of the PAI is opened once and stays behind its handle. */
export async function openUnitMaker(setup: GenerateSetup): Promise<BatchUnitMaker> {
  const { batch, product, profile, isSealed, seed } = setup
  const storeKey = new Secret(setup.storeKey)
  using passphrase = new Secret(setup.passphrase)
  const { pai, signer } = await openPki(setup.pkiFolder, passphrase)
  const authority = readPai(pai)
  const { vendorId, productId } = product.order.product
  const notBefore = new Date(setup.notBefore)
  const series = new DacSeries({
    pai: authority,
    signer,
    vendorId,
    productId,
    notBefore,
    notAfter: authority.certificate.notAfter,
    now: notBefore,
    verifyEvery: verifyEvery(product.order.commissioning.iterations),
  })
  const random = blockRandom(systemRandom)
  return new UnitMaker<IssuedCredentials, BatchUnit>({
    product,
    profile: profiles[profile],
    random,
    seed,
    lines: isSealed ? sealedLines({ key: storeKey, random, batch }) : plainLines,
    credentials:
      (drawn) =>
      async ({ serialNumber, publicKey }) => {
        const certificate = await series.issue({
          publicKey,
          serialNumber: drawSerialNumber(drawn),
          commonName: `Matter DAC ${serialNumber}`,
        })
        return { dac: certificate.der, pai, certificate }
      },
    recordOf: ({ serialNumber, credentials: { certificate } }) => ({ serialNumber, certificate }),
  })
}

/**
 * How many certificates share one verification of a signature. It costs as much as a hundred iterations of PBKDF2: with
 * few iterations one in eight is verified, and the first unit of each chunk besides; with many, each of them.
 */
function verifyEvery(iterations: number): number {
  return iterations < 5000 ? 8 : 1
}
