import { seededRandom } from '@keyline/bytes'
import { generateP256, keyPairSigner, p256PublicKey } from '@keyline/crypto'
import { noExpiry, parseCertificate } from '@keyline/x509'
import { assert, asyncProperty, constantFrom, string, uint8Array } from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildDac, checkIssuing } from '../build/build-dac.ts'
import { readPai } from '../build/pai.ts'
import { drawSerialNumber } from '../build/serial-number.ts'
import { testPki, today } from '../testing/test-line.ts'
import { DacSeries, type DacSeriesInput } from './dac-series.ts'

let input: DacSeriesInput
const keys = Array.from({ length: 4 }, () => generateP256().publicKey.point)

beforeAll(async () => {
  const { pai } = await testPki({ notAfter: noExpiry })
  input = {
    pai: readPai(pai.certificate),
    signer: keyPairSigner(pai.keyPair),
    vendorId: 0xfff1,
    productId: 0x8004,
    notBefore: today,
    notAfter: noExpiry,
    now: today,
  }
})

describe('a series of certificates', () => {
  it.each(['oid', 'cn-fallback'] as const)(
    'signs octet for octet what is built one by one (%s)',
    async (subjectEncoding) => {
      const series = new DacSeries({ ...input, subjectEncoding })
      const serialNumbers = uint8Array({ minLength: 1, maxLength: 20 })
      const commonNames = string({ unit: 'grapheme', minLength: 1, maxLength: 64 })
      await assert(
        asyncProperty(
          constantFrom(...keys),
          serialNumbers,
          commonNames,
          async (publicKey, serialNumber, commonName) => {
            const one = { ...input, subjectEncoding, serialNumber, commonName }
            const whole = { ...one, publicKey: p256PublicKey(publicKey) }
            const subject = { publicKey, serialNumber, commonName }
            if (checkIssuing(whole).length > 0) {
              const refusal = { code: 'ISSUER_RULE_BROKEN' }
              await expect(series.issue(subject)).rejects.toMatchObject(refusal)
              return
            }
            const built = await buildDac(whole)
            if (built.length > 600) return
            const { der } = await series.issue(subject)
            expect(parseCertificate(der).tbs).toEqual(parseCertificate(built).tbs)
          },
        ),
        { numRuns: 200 },
      )
    },
  )

  it('gives drawn serial numbers of every length', async () => {
    const series = new DacSeries(input)
    const random = seededRandom('serial numbers')
    const lengths = new Set<number>()
    for (let count = 0; count < 400; count++) {
      const serialNumber = drawSerialNumber(random)
      const publicKey = keys[count % keys.length] ?? new Uint8Array()
      const { der } = await series.issue({ publicKey, serialNumber, commonName: `unit ${count}` })
      const found = parseCertificate(der).serialNumber
      expect(BigInt(`0x${Buffer.from(found).toString('hex')}`)).toBe(
        BigInt(`0x${Buffer.from(serialNumber).toString('hex')}`),
      )
      lengths.add(found.length)
    }
    expect(lengths).toEqual(new Set([8, 7]))
  })

  it('verifies the signature of one in so many, the first among them', async () => {
    let isGood = true
    const own = input.signer
    const other = keyPairSigner(generateP256())
    const signer = {
      publicKey: own.publicKey,
      sign: (tbs: Uint8Array) => (isGood ? own : other).sign(tbs),
    }
    const series = new DacSeries({ ...input, signer, verifyEvery: 3 })
    const outcomes: string[] = []
    for (let count = 0; count < 7; count++) {
      isGood = count === 0
      const subject = { publicKey: keys[0] ?? new Uint8Array(), serialNumber: Uint8Array.of(1) }
      await series.issue({ ...subject, commonName: 'x' }).then(
        () => outcomes.push('out'),
        () => outcomes.push('held'),
      )
    }
    expect(outcomes).toEqual(['out', 'out', 'out', 'held', 'out', 'out', 'held'])
  })

  it('lets no certificate leave whose signature does not verify', async () => {
    const other = keyPairSigner(generateP256())
    const signer = { publicKey: input.signer.publicKey, sign: (tbs: Uint8Array) => other.sign(tbs) }
    const subject = { publicKey: keys[0] ?? new Uint8Array(), serialNumber: Uint8Array.of(1) }
    const issued = new DacSeries({ ...input, signer }).issue({ ...subject, commonName: 'x' })
    await expect(issued).rejects.toMatchObject({
      code: 'ISSUER_SIGNER_FAILED',
      message: expect.stringContaining('LINT-15'),
    })
  })
})
