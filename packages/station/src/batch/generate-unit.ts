import type { Random, Secret } from '@keyline/bytes'
import { drawP256Scalar, type P256Multiplier } from '@keyline/crypto'
import type { UnitSecrets, WorkOrder } from '@keyline/ledger/records'
import { encodeImage, type FactoryData } from '@keyline/matter'
import { drawSecretsSync } from '../unit/draw-secrets.ts'
import { factoryDataOf } from '../unit/factory-data-of.ts'
import { onboardingOf, type OnboardingCodes } from '../unit/onboarding-of.ts'

/** What all units of a batch have in common. */
export interface BatchProduct {
  readonly order: Pick<WorkOrder, 'product' | 'commissioning'>
  /** CMS octets of the certification declaration. */
  readonly declaration: Uint8Array
}

/** Certificates of a device, X.509 DER. */
export interface DeviceCertificates {
  readonly dac: Uint8Array
  readonly pai: Uint8Array
}

/** Asks whoever issues for the certificate of a device. */
export type CredentialSource<C extends DeviceCertificates> = (device: {
  readonly serialNumber: string
  /** 65-octet point. */
  readonly publicKey: Uint8Array
}) => Promise<C>

export interface GenerateOptions<C extends DeviceCertificates> {
  readonly product: BatchProduct
  readonly serialNumber: string
  readonly random: Random
  readonly multiplier: P256Multiplier
  readonly credentials: CredentialSource<C>
}

/** A complete data set: identity, attestation credentials, label and image. It owns its secrets. */
export interface GeneratedUnit<C extends DeviceCertificates> extends Disposable {
  readonly serialNumber: string
  readonly secrets: UnitSecrets
  readonly codes: OnboardingCodes
  readonly credentials: C
  /** Everything that the device stores; the private key of the DAC is in it. */
  readonly data: FactoryData
  /** The same as ST's binary image. */
  readonly image: Uint8Array
}

/** Draws one unit: the same source of randomness gives the same unit, but for the signature of its DAC. */
export async function generateUnit<C extends DeviceCertificates>(
  options: GenerateOptions<C>,
): Promise<GeneratedUnit<C>> {
  const { product, serialNumber, random, multiplier } = options
  const { order, declaration } = product
  const { iterations } = order.commissioning
  const secrets = drawSecretsSync({ random, iterations, multiplier })
  const key = drawP256Scalar(random)
  const publicKey = multiplier.pointOf(key.reveal())
  const credentials = await options.credentials({ serialNumber, publicKey })
  const data: FactoryData = {
    ...factoryDataOf({ order, declaration, serialNumber, secrets }),
    dacCertificate: credentials.dac,
    paiCertificate: credentials.pai,
    dacPrivateKey: key,
    dacPublicKey: publicKey,
  }
  const image = encodeImage(data)
  const codes = onboardingOf({ order, ...order.product, ...secrets })
  return {
    serialNumber,
    secrets,
    codes,
    credentials,
    data,
    image,
    [Symbol.dispose]: () => wipe(key, image),
  }
}

function wipe(key: Secret, image: Uint8Array): void {
  key.wipe()
  image.fill(0)
}
