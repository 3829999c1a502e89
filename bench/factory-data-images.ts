import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { seededRandom } from '@keyline/bytes'
import {
  generateP256,
  keyPairSigner,
  p256ScalarOf,
  spake2pVerifier,
  type P256KeyPair,
} from '@keyline/crypto'
import { buildDac, createPki, readPai } from '@keyline/issuer'
import {
  decodeImage,
  drawDiscriminator,
  drawPasscode,
  encodeImage,
  type FactoryData,
} from '@keyline/matter'

const stockImage = join(
  import.meta.dirname,
  '../test/vectors/matter/factory-data/full-fff1-8004.bin',
)

/** The image of the stock files. */
export async function readStockImage(): Promise<Uint8Array> {
  return Uint8Array.from(await readFile(stockImage))
}

/** A batch of complete images: keys, certificates, codes and serial numbers differ, PAI and declaration do not. */
export interface ImageBatch {
  readonly images: readonly Uint8Array[]
  readonly pai: P256KeyPair
}

/** @param iterations of the PBKDF2 behind each verifier */
export async function makeImages(count: number, iterations: number): Promise<ImageBatch> {
  const { data: stock } = decodeImage(await readStockImage())
  const random = seededRandom('images')
  const notBefore = new Date(Date.UTC(2026, 0, 1))
  const { pai } = await createPki({ vendorId: 0xfff1, productId: 0x8004, notBefore, random })
  const issuer = readPai(pai.certificate)
  const signer = keyPairSigner(pai.keyPair)
  const images: Uint8Array[] = []
  for (let index = 0; index < count; index += 1) {
    const key = generateP256()
    const serialNumber = Uint8Array.of(0x4b, ...random.bytes(15))
    const dacCertificate = await buildDac({
      pai: issuer,
      signer,
      publicKey: key.publicKey,
      serialNumber,
      commonName: `Bench DAC ${index}`,
      vendorId: 0xfff1,
      productId: 0x8004,
      notBefore,
      notAfter: new Date(Date.UTC(2036, 0, 1)),
      now: notBefore,
    })
    const passcode = drawPasscode(random)
    const salt = random.bytes(32)
    const { verifier } = await spake2pVerifier({ passcode, salt, iterations })
    const data: FactoryData = {
      ...stock,
      dacCertificate,
      paiCertificate: pai.certificate,
      dacPrivateKey: p256ScalarOf(key),
      dacPublicKey: key.publicKey.point,
      discriminator: drawDiscriminator(random),
      iterations,
      salt,
      verifier,
      passcode,
      serialNumber: `BENCH-${String(index).padStart(8, '0')}`,
    }
    images.push(encodeImage(data))
  }
  return { images, pai: pai.keyPair }
}
