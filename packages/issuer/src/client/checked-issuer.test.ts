import { readFileSync } from 'node:fs'
import { fromHex, seededRandom, VirtualClock } from '@keyline/bytes'
import { generateP256, keyPairSigner, p256FromEncoded, type P256KeyPair } from '@keyline/crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { IssuerError } from '../errors.ts'
import type { DacChain, DacRequest } from '../issue/local-issuer.ts'
import { csrOf, testLine, testPki, today } from '../testing/test-line.ts'
import { buildDac } from '../build/build-dac.ts'
import { readPai } from '../build/pai.ts'
import { checkedIssuer, type AnswerTrust } from './checked-issuer.ts'
import type { IssuerClient } from './issuer-client.ts'

const requestWith = async (pair: P256KeyPair): Promise<DacRequest> => ({
  orderId: 'O-1',
  unitId: 'U-1',
  idempotencyKey: 'U-1/1',
  csr: await csrOf(pair),
})

const answering = (answer: DacChain): IssuerClient => ({
  issue: () => Promise.resolve(answer),
  health: () => Promise.resolve({ isReady: true }),
  close: () => Promise.resolve(),
})

const clock = new VirtualClock(today.getTime())

/** Whether the answer reaches the caller. Every refusal must be one of the issuer. */
async function isAccepted(
  answer: DacChain,
  trust: AnswerTrust,
  request: DacRequest,
): Promise<boolean> {
  try {
    expect(await checkedIssuer(answering(answer), trust).issue(request)).toBe(answer)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(IssuerError)
    expect(error).toMatchObject({ fault: expect.not.stringMatching('board') })
    return false
  }
}

const line = await testLine()
const pair = generateP256()
const request = await requestWith(pair)
const right = await line.issuer.issue(request)
const trust = { pai: right.pai, paa: right.paa, vendorId: 0xfff1, productId: 0x8004, clock }

const another = async (unitId: string): Promise<DacChain> =>
  line.issuer.issue({ ...(await requestWith(generateP256())), unitId, idempotencyKey: unitId })

const dacFrom = (ms: number, until: number): Promise<Uint8Array> =>
  buildDac({
    pai: readPai(right.pai),
    signer: keyPairSigner(line.pki.pai.keyPair),
    publicKey: pair.publicKey,
    serialNumber: Uint8Array.of(7),
    commonName: 'Matter DAC',
    vendorId: 0xfff1,
    productId: 0x8004,
    notBefore: new Date(today.getTime() + ms),
    notAfter: new Date(today.getTime() + until),
    now: today,
  })

/** Fault matrix, PKI-6. */
describe('a checked issuer', () => {
  it('hands on what fits board, order, PAI and date', async () => {
    expect(await isAccepted(right, trust, request)).toBe(true)
  })

  /** Fault matrix, PKI-7. */
  it('refuses the certificate of another board', async () => {
    const other = await another('U-2')
    const failure = checkedIssuer(answering(other), trust).issue(request)
    await expect(failure).rejects.toMatchObject({
      code: 'ISSUER_ANSWER_REFUSED',
      fault: 'infrastructure',
      message: expect.stringContaining('LINT-16'),
    })
  })

  it('refuses another PAI or PAA, and certificates that changed places', async () => {
    const stranger = await testPki({ random: seededRandom('stranger') })
    const { paa, pai } = stranger
    for (const answer of [
      { ...right, pai: pai.certificate },
      { ...right, paa: paa.certificate },
      { ...right, pai: right.paa },
      { ...right, dac: right.pai },
      { ...right, dac: right.paa },
      { ...right, dac: new Uint8Array() },
      { dac: right.pai, pai: right.dac, paa: right.paa },
    ]) {
      expect(await isAccepted(answer, trust, request)).toBe(false)
    }
  })

  it('refuses the ids of another product or vendor', async () => {
    expect(await isAccepted(right, { ...trust, productId: 0x8005 }, request)).toBe(false)
    expect(await isAccepted(right, { ...trust, vendorId: 0xfff2 }, request)).toBe(false)
  })

  it('refuses every change of an octet', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(right.dac.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (place, change) => {
          const dac = Uint8Array.from(right.dac)
          dac[place] = (dac[place] ?? 0) ^ change
          expect(await isAccepted({ ...right, dac }, trust, request)).toBe(false)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('asks for a certificate that is valid now, and minds no clock that is a little ahead', async () => {
    for (const [from, until, accepted] of [
      [-1_000, 1_000, true],
      [299_000, 400_000, true],
      [301_000, 400_000, false],
      [-9_000, -1_000, false],
    ] as const) {
      const answer = { ...right, dac: await dacFrom(from, until) }
      expect(await isAccepted(answer, trust, request), `${from} to ${until}`).toBe(accepted)
    }
  })

  it('is as ready as the one that it checks, and closes it', async () => {
    let isClosed = false
    const inner: IssuerClient = {
      ...answering(right),
      health: () => Promise.resolve({ isReady: false, reason: 'no token' }),
      close: async () => void (isClosed = true),
    }
    const issuer = checkedIssuer(inner, trust)
    expect(await issuer.health()).toEqual({ isReady: false, reason: 'no token' })
    await issuer.close()
    expect(isClosed).toBe(true)
  })

  it('does not begin with a PAI that breaks a rule', () => {
    for (const broken of [{ pai: right.dac }, { pai: right.paa }, { paa: right.pai }]) {
      const begin = (): unknown => checkedIssuer(answering(right), { ...trust, ...broken })
      expect(begin).toThrow(expect.objectContaining({ code: 'ISSUER_PAI_UNUSABLE' }))
    }
  })
})

interface VectorCertificate {
  readonly id: string
  readonly der: string
  readonly privateKey: string
  readonly vendorId: number
  readonly productId: number
  readonly derLength: number
  readonly profileProblems: readonly string[]
  readonly notBefore: string
  readonly notAfter: string
}

function documentOf(file: string): string {
  return readFileSync(new URL(`../../../../test/vectors/matter/${file}`, import.meta.url), 'utf8')
}

function certificatesOf(file: string): readonly VectorCertificate[] {
  const document: { readonly vectors: readonly VectorCertificate[] } = JSON.parse(documentOf(file))
  return document.vectors
}

interface Triple {
  readonly dac: string
  readonly pai: string
  readonly paa: string
  readonly valid: boolean
}

interface CommissionerCase {
  readonly id: string
  readonly dacDer: string
  readonly paiDer: string
  readonly dacPrivateKey: string
  readonly basicInfoVendorId: number
  readonly basicInfoProductId: number
  readonly commissionerAccepts: boolean
}

describe('the published chains', () => {
  const certificates = new Map(
    ['chains/dac.json', 'chains/paa-pai.json'].flatMap((file) =>
      certificatesOf(file).map((one) => [one.id, one] as const),
    ),
  )
  const found = (id: string): VectorCertificate => {
    const certificate = certificates.get(id)
    if (certificate === undefined) throw new Error(`no certificate ${id}`)
    return certificate
  }

  it('pass exactly where they are whole, in date and small enough', async () => {
    const { vectors }: { readonly vectors: readonly Triple[] } = JSON.parse(
      documentOf('chains/triples.json'),
    )
    let accepted = 0
    for (const triple of vectors) {
      const [dac, pai, paa] = [found(triple.dac), found(triple.pai), found(triple.paa)]
      const chain = { dac: fromHex(dac.der), pai: fromHex(pai.der), paa: fromHex(paa.der) }
      const { vendorId, productId } = dac
      const key = p256FromEncoded({ octets: fromHex(dac.privateKey) })
      const is = await isAccepted(
        chain,
        { ...trust, ...chain, vendorId, productId },
        await requestWith(key),
      )
      if (is) accepted++
      const inDate =
        Date.parse(dac.notBefore) <= today.getTime() && today.getTime() <= Date.parse(dac.notAfter)
      const isSmall = [dac, pai, paa].every(({ derLength }) => derLength <= 600)
      const isProfiled = [dac, pai, paa].every(
        ({ profileProblems }) => profileProblems.length === 0,
      )
      const isExpected = triple.valid && inDate && isSmall && isProfiled
      expect(is, `${triple.dac} ${triple.pai} ${triple.paa}`).toBe(isExpected)
    }
    expect(accepted).toBeGreaterThan(20)
  })
})

describe('the chains of the commissioner test', () => {
  const paas = ['Chip-Test-PAA-FFF1', 'Chip-Test-PAA-NoVID'].map((id) => {
    const paa = certificatesOf('chains/paa-pai.json').find((one) => one.id === id)
    return fromHex(paa?.der ?? '')
  })
  const cases = ['dut-dac', 'dut-pai'].flatMap((file) => {
    const { vectors }: { readonly vectors: readonly CommissionerCase[] } = JSON.parse(
      documentOf(`attestation/${file}.json`),
    )
    return vectors
  })

  it('pass nowhere where a commissioner refuses certificate or chain', async () => {
    let accepted = 0
    for (const one of cases) {
      const key = p256FromEncoded({ octets: fromHex(one.dacPrivateKey) })
      const asked = await requestWith(key)
      const [vendorId, productId] = [one.basicInfoVendorId, one.basicInfoProductId]
      for (const paa of paas) {
        const chain = { dac: fromHex(one.dacDer), pai: fromHex(one.paiDer), paa }
        const is = await isAccepted(chain, { ...trust, ...chain, vendorId, productId }, asked)
        if (is) accepted++
        if (is) expect(one.commissionerAccepts, one.id).toBe(true)
      }
    }
    expect(accepted).toBeGreaterThan(5)
  })
})
