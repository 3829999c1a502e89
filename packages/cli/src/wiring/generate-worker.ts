import { isKeylineError, Secret, systemRandom } from '@keyline/bytes'
import { DacSeries, drawSerialNumber, readPai, type SeriesDac } from '@keyline/issuer'
import { batchUnitId, unitSealer, type BatchUnit } from '@keyline/ledger'
import { profiles } from '@keyline/matter'
import {
  blockRandom,
  plainLines,
  sealedLines,
  UnitMaker,
  type DeviceCertificates,
  type UnitRange,
} from '@keyline/station'
import { Tinypool } from 'tinypool'
import { errorText } from '../terminal/stop-on-bug.ts'
import type { GenerateSetup, WorkerAnswer } from './generate-setup.ts'
import { openPki } from './pki.ts'

interface Credentials extends DeviceCertificates {
  readonly certificate: SeriesDac
}

let maker: Promise<UnitMaker<Credentials, BatchUnit>> | undefined

/** Makes one chunk on this thread. */
export default async function generate(range: UnitRange): Promise<WorkerAnswer> {
  try {
    maker ??= openMaker(Tinypool.workerData)
    return await (await maker).make(range)
  } catch (error) {
    return { refusal: isKeylineError(error) ? errorText(error) : String(error) }
  }
}

/** The key of the PAI is opened once in each worker and stays behind its handle. */
async function openMaker(setup: GenerateSetup): Promise<UnitMaker<Credentials, BatchUnit>> {
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
  })
  const random = blockRandom(systemRandom)
  const seal = unitSealer(storeKey, random)
  return new UnitMaker<Credentials, BatchUnit>({
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
    recordOf: ({ serialNumber, secrets, credentials: { certificate } }, place) => ({
      serialNumber,
      sealed: seal(batchUnitId(batch, place), secrets),
      certificate,
    }),
  })
}
