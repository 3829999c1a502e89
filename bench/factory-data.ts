import { hasErrors } from '@keyline/bytes'
import { p256PointOf, pbkdf2Sha256, sha256, verifyP256Der } from '@keyline/crypto'
import { decodeImage, encodeImage, prepareFactoryDataCheck, profiles } from '@keyline/matter'
import { parseCertificate } from '@keyline/x509'
import { makeImages, readStockImage } from './factory-data-images.ts'
import { rateFigure, type Benchmark } from './framework.ts'
import { generateFigures } from './generate.ts'

/** Images that the rules go round: more than any memory of keys and signatures holds. */
const imageCount = 2_000
const iterations = 1_000
const none = new Uint8Array(0)

/**
 * Images against SHA-256, their rules against the operations that the rules cannot do without, and whole units against
 * those that a unit cannot do without.
 */
export const factoryDataBenchmark: Benchmark = {
  name: 'factory-data',
  title: 'factory-data images, their rules, and the making of units',
  async *measure() {
    const stock = await readStockImage()
    const { data: stockData } = decodeImage(stock)
    const hashOfImage = (): unknown => sha256(stock)
    yield rateFigure({
      figure: 'decode an image / SHA-256 over it',
      work: () => decodeImage(stock),
      bare: hashOfImage,
    })
    yield rateFigure({
      figure: 'encode an image / SHA-256 over it',
      work: () => encodeImage(stockData),
      bare: hashOfImage,
    })

    const batch = await makeImages(imageCount, iterations)
    const nextImage = rotation(batch.images)
    const checker = prepareFactoryDataCheck({
      profile: profiles.wb55,
      mode: 'reconfigure',
      policy: 'test',
    })
    const kibibyte = new Uint8Array(1024)
    yield rateFigure({
      figure: 'decode, all rules but the proofs / SHA-256 of 1 KiB',
      work: () => {
        const { data, present, findings } = decodeImage(nextImage())
        return requireSound([...findings, ...checker.checkWithoutProofs(data, { present })])
      },
      bare: () => sha256(kibibyte),
      goal: { of: 'ratio', is: 'at most', limit: 10 },
    })

    const nextOperations = rotation(
      batch.images.map((image) => {
        const { data } = decodeImage(image)
        const { tbs, signature } = parseCertificate(data.dacCertificate ?? none)
        return { ...data, tbs, signature: signature.octets }
      }),
    )
    const { publicKey } = batch.pai
    const password = new Uint8Array(4)
    yield rateFigure({
      figure: 'decode, all rules / PBKDF2, two multiplications, one verification',
      work: async () => {
        const { data, present, findings } = decodeImage(nextImage())
        return requireSound([...findings, ...(await checker.check(data, { present }))])
      },
      bare: async () => {
        const { salt = none, dacPrivateKey, tbs, signature } = nextOperations()
        const scalar = dacPrivateKey?.reveal() ?? none
        await pbkdf2Sha256({ password, salt, iterations, length: 80 })
        p256PointOf(scalar)
        p256PointOf(scalar)
        return verifyP256Der({ publicKey, message: tbs, signature })
      },
      goal: { of: 'ratio', is: 'at most', limit: 1.25 },
    })
    yield* generateFigures()
  },
}

function rotation<T>(items: readonly T[]): () => T {
  let next = 0
  return () => {
    const item = items[next++ % items.length]
    if (item === undefined) throw new RangeError('nothing to go round')
    return item
  }
}

/** A figure over refused images would say nothing. */
function requireSound<T extends Parameters<typeof hasErrors>[0]>(findings: T): T {
  if (hasErrors(findings)) throw new Error(`an image is refused: ${JSON.stringify(findings)}`)
  return findings
}
