import { describe, expect, it } from 'vitest'
import { systemRandom, type Clock } from '@keyline/bytes'
import { generateP256, keyPairSigner, type Signer } from '@keyline/crypto'
import { createPki, IssuerError } from '@keyline/issuer'
import type { IssuedCertificate, IssueRequest, StationParts } from '@keyline/station'
import { clockOf } from '@keyline/cli/wiring'
import {
  basicConstraints,
  buildCertificate,
  keyUsage,
  name,
  Oid,
  parseCertificate,
  publicKeyOf,
  type CertificateInput,
} from '@keyline/x509'
import { MatterOid } from '@keyline/matter'
import { runTestLine, temporaryFolder, testPki, type LineRunOptions } from '../support/line.ts'
import { withIssuer, withPortTap } from './support/around.ts'
import {
  decisionOf,
  decisionsOf,
  liveCertificates,
  signatureJitterMs,
  unitsIn,
  type Decision,
} from './support/outcome.ts'

type Answer = (real: IssuedCertificate) => IssuedCertificate | Promise<IssuedCertificate>

/** A certificate that is right but for what is changed, signed by the PAI unless another signer is given. */
function altered(change: Partial<CertificateInput>): Answer {
  return async (real) => {
    const dac = parseCertificate(real.dac)
    const publicKey = publicKeyOf(dac)
    if (publicKey === undefined) throw new Error('the certificate has no key')
    const { signer } = await testPki()
    const { serialNumber, issuer, subject, notBefore, notAfter, extensions } = dac
    const right = { serialNumber, issuer, subject, notBefore, notAfter, publicKey, extensions }
    return { ...real, dac: await buildCertificate({ ...right, signer, ...change }) }
  }
}

const otherVendor = name([
  { type: Oid.commonName, value: 'Matter DAC' },
  { type: MatterOid.vendorId, value: 'FFF2' },
  { type: MatterOid.productId, value: '8004' },
])
const otherProduct = name([
  { type: Oid.commonName, value: 'Matter DAC' },
  { type: MatterOid.vendorId, value: 'FFF1' },
  { type: MatterOid.productId, value: '8005' },
])
const year = 365 * 86_400_000
const strangerKey = generateP256()

/** Row PKI-6. */
const wrongAnswers: Readonly<Record<string, Answer>> = {
  'for another key': altered({ publicKey: strangerKey.publicKey }),
  'for another vendor': altered({ subject: otherVendor }),
  'for another product': altered({ subject: otherProduct }),
  'that may sign certificates': altered({
    extensions: [basicConstraints({ ca: true }), keyUsage(['keyCertSign'])],
  }),
  'without extensions': altered({ extensions: [] }),
  'that has expired': altered({ notAfter: new Date(Date.now() - 60_000) }),
  'that is not valid yet': altered({ notBefore: new Date(Date.now() + year) }),
  'that another key signed': altered({ signer: keyPairSigner(strangerKey) }),
  'of another PAI, with that PAI': async (real) => {
    const stranger = await strangersPki()
    const issuer = parseCertificate(stranger.pai).subject
    const { dac } = await altered({ issuer, signer: stranger.signer })(real)
    return { dac, pai: stranger.pai, paa: stranger.paa }
  },
  'of another PAI, with the right PAI': async (real) => {
    const { signer } = await strangersPki()
    return altered({ signer })(real)
  },
  'that is cut': (real) => ({ ...real, dac: real.dac.subarray(0, -1) }),
  'with an octet behind it': (real) => ({ ...real, dac: Uint8Array.of(...real.dac, 0) }),
  'that is empty': (real) => ({ ...real, dac: new Uint8Array() }),
  'that is the PAI': (real) => ({ ...real, dac: real.pai }),
  'with the PAA in place of the PAI': (real) => ({ ...real, pai: real.paa }),
}

/** Row F-24; fault matrix PKI-1, PKI-2, PKI-6, PKI-7, PKI-12. */
describe('an issuer', () => {
  it.each(Object.entries(wrongAnswers))(
    'that answers with a certificate %s ends in ERROR, and the board gets none',
    async (_, answer) => {
      const { decision } = await runOne(async (real, request) => answer(await real(request)))
      expect(decision).toMatchObject({ verdict: 'ERROR', reason: 'STATION_CERTIFICATE_REFUSED' })
    },
  )

  it('that is down ends in ERROR, and the board gets nothing', async () => {
    const { decision } = await runOne(() =>
      Promise.reject(new IssuerError('ISSUER_SIGNER_FAILED', 'the signer does not answer')),
    )
    expect(decision).toMatchObject({ verdict: 'ERROR', reason: 'ISSUER_SIGNER_FAILED' })
  })

  it('that never answers is given up after 25 s', async () => {
    const quick = await runOne(() => Promise.reject(new IssuerError('ISSUER_SIGNER_FAILED', 'no')))
    const { decision } = await runOne(() => new Promise(() => undefined))
    expect(decision).toMatchObject({ verdict: 'ERROR', reason: 'DEADLINE_PASSED' })
    const waitedMs = decision.ms - quick.decision.ms
    expect(Math.abs(waitedMs - 25_000)).toBeLessThanOrEqual(signatureJitterMs)
  })

  it('that answers after 24 s is in time, after 26 s too late', async () => {
    const clock = clockOf(true)
    const after = (seconds: number) =>
      runOne(
        async (real, request) => {
          await clock.sleep(seconds * 1000)
          return real(request)
        },
        { clock },
      )
    expect((await after(24)).decision).toMatchObject({ verdict: 'PASS' })
    expect((await after(26)).decision).toMatchObject({
      verdict: 'ERROR',
      reason: 'DEADLINE_PASSED',
    })
  })

  it('that issues, but answers too late, leaves a void certificate', async () => {
    const clock = clockOf(true)
    const { decision } = await runOne(
      async (real, request) => {
        const issued = await real(request)
        await clock.sleep(26_000)
        return issued
      },
      { clock },
    )
    expect(decision).toMatchObject({ verdict: 'ERROR', reason: 'DEADLINE_PASSED' })
  })

  it('that swaps the answers of two slots gives a certificate to neither', async () => {
    await using folder = await temporaryFolder()
    const waiting: { issued: IssuedCertificate; give: (other: IssuedCertificate) => void }[] = []
    const heard: string[] = []
    const run = await runTestLine({
      folder: folder.path,
      slots: 2,
      quantity: 2,
      boardsInMemory: true,
      decorate: both(
        withPortTap((text) => void heard.push(text)),
        withIssuer(async (real, request) => {
          const issued = await real(request)
          const other = waiting.pop()
          if (other === undefined) {
            return new Promise((give) => void waiting.push({ issued, give }))
          }
          other.give(issued)
          return other.issued
        }),
      ),
    })
    const refused = { verdict: 'ERROR', reason: 'STATION_CERTIFICATE_REFUSED' }
    expect(decisionsOf(run)).toMatchObject([refused, refused])
    expect(heard.filter((text) => text.startsWith('@DAC'))).toEqual([])
    expect((await unitsIn(folder.path)).map(liveCertificates)).toEqual([0, 0])
  })

  it('that replays the answer of an earlier board gives it to no other', async () => {
    await using folder = await temporaryFolder()
    let first: IssuedCertificate | undefined
    const run = await runTestLine({
      folder: folder.path,
      quantity: 2,
      boardsInMemory: true,
      decorate: withIssuer(async (real, request) => (first ??= await real(request))),
    })
    expect(decisionsOf(run)).toMatchObject([
      { verdict: 'PASS' },
      { verdict: 'ERROR', reason: 'STATION_CERTIFICATE_REFUSED' },
    ])
    expect((await unitsIn(folder.path)).map(liveCertificates)).toEqual([1, 0])
  })

  it('whose order is used up in mid-batch has issued exactly the limit', async () => {
    await using folder = await temporaryFolder()
    const run = await runTestLine({
      folder: folder.path,
      slots: 2,
      quantity: 6,
      certificateLimit: 6,
      boardsInMemory: true,
      // Each restart costs a certificate: six do not reach for six boards.
      faults: [{ slot: 1, name: 'restart-before-commit' }],
    })
    const units = await unitsIn(folder.path)
    expect(units.flatMap(({ certificates }) => certificates)).toHaveLength(6)
    const others = decisionsOf(run).filter(({ verdict }) => verdict !== 'PASS')
    expect(others.length).toBeGreaterThan(0)
    for (const { verdict, reason } of others) {
      expect({ verdict, reason }).toEqual({ verdict: 'ERROR', reason: 'ISSUER_QUOTA_REACHED' })
    }
    const made = units.filter(({ verdict }) => verdict?.verdict === 'PASS')
    expect(units.filter((unit) => liveCertificates(unit) > 0)).toEqual(made)
  })
})

type RealIssue = (request: IssueRequest) => Promise<IssuedCertificate>

/** One board on the line with this issuer. Unless it passes, no certificate goes to it and none stays live. */
async function runOne(
  issue: (real: RealIssue, request: IssueRequest) => Promise<IssuedCertificate>,
  options: { readonly clock?: Clock } = {},
): Promise<{ readonly decision: Decision }> {
  await using folder = await temporaryFolder()
  const heard: string[] = []
  const run = await runTestLine({
    folder: folder.path,
    boardsInMemory: true,
    decorate: both(
      withPortTap((text) => void heard.push(text)),
      withIssuer(issue),
    ),
    ...options,
  })
  const decision = decisionOf(run)
  if (decision.verdict !== 'PASS') {
    expect(heard.filter((text) => text.startsWith('@DAC'))).toEqual([])
    expect((await unitsIn(folder.path)).map(liveCertificates)).toEqual([0])
  }
  return { decision }
}

type Decorate = NonNullable<LineRunOptions['decorate']>

function both(first: Decorate, second: Decorate): Decorate {
  return (parts: StationParts) => second(first(parts))
}

let stranger: Promise<{ paa: Uint8Array; pai: Uint8Array; signer: Signer }> | undefined

function strangersPki(): Promise<{ paa: Uint8Array; pai: Uint8Array; signer: Signer }> {
  stranger ??= createPki({
    vendorId: 0xfff1,
    notBefore: new Date(Date.UTC(2026, 0, 1)),
    random: systemRandom,
  }).then(({ paa, pai }) => ({
    paa: paa.certificate,
    pai: pai.certificate,
    signer: keyPairSigner(pai.keyPair),
  }))
  return stranger
}
