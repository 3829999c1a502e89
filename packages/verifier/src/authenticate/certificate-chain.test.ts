import { fromHex, toHex } from '@keyline/bytes'
import {
  curvePublicKey,
  generateP256,
  keyPairSigner,
  sha256,
  type P256KeyPair,
} from '@keyline/crypto'
import { instanceIdOf, TokenProfile, type Token } from '@keyline/eat'
import {
  basicConstraints,
  buildCertificate,
  name,
  Oid,
  parseCertificate,
  type Extension,
} from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { verifiedDevice } from '../../../../test/support/verified-device.ts'
import { VerifierError } from '../errors.ts'
import type { CertificateAnchor, CertificateTrust } from '../store/certificate-anchor.ts'
import { KeyCache } from '../store/key-cache.ts'
import { leafKeyOf, requireBinding, verifyChain } from './certificate-chain.ts'
import { chooseKey } from './choose-key.ts'

const serial = '01187c33e368c347cdc0'
const subject = `stm32u3xx-usfu-${serial}`
const notBefore = new Date('2024-01-01T00:00:00Z')
const notAfter = new Date('2054-01-01T00:00:00Z')
const time = notBefore.getTime() / 1000
const root = generateP256()
const middle = generateP256()
const device = generateP256()

interface Made {
  readonly of: P256KeyPair
  readonly by: P256KeyPair
  readonly issuer: string
  readonly subject: string
  readonly extensions?: readonly Extension[]
  readonly serialNumber?: string
  readonly until?: Date
}

async function made(input: Made): Promise<Uint8Array> {
  const { of, by, extensions = [], serialNumber = serial } = input
  return buildCertificate({
    serialNumber: fromHex(serialNumber),
    issuer: commonName(input.issuer),
    subject: commonName(input.subject),
    notBefore,
    notAfter: input.until ?? notAfter,
    publicKey: of.publicKey,
    extensions,
    signer: keyPairSigner(by),
  })
}

function commonName(value: string): Uint8Array {
  return name([{ type: Oid.commonName, value }])
}

const authority = [basicConstraints({ ca: true })]
const rootDer = await made({
  of: root,
  by: root,
  issuer: 'root',
  subject: 'root',
  extensions: authority,
})
const twinDer = await made({
  of: middle,
  by: middle,
  issuer: 'root',
  subject: 'root',
  extensions: authority,
})
const middleDer = await made({
  of: middle,
  by: root,
  issuer: 'root',
  subject: 'middle',
  extensions: authority,
})
const leaf = { of: device, by: root, issuer: 'root', subject }
const leafDer = await made(leaf)
const belowMiddle = await made({ ...leaf, by: middle, issuer: 'middle' })

function trusting(...anchors: readonly Uint8Array[]): CertificateTrust {
  return { anchors: anchors.map((der) => ({ certificate: parseCertificate(der) })) }
}

function codeOf(act: () => unknown): string {
  try {
    act()
    return 'none'
  } catch (error) {
    if (error instanceof VerifierError) return error.code
    throw error
  }
}

const verdict = (chain: readonly Uint8Array[], trust = trusting(rootDer), seconds = time): string =>
  codeOf(() => verifyChain(chain, trust, seconds))

describe('a chain', () => {
  it('ends at a trusted authority, straight or over others, whatever else was sent', () => {
    expect(verifyChain([leafDer], trusting(rootDer), time).subject).toBe(subject)
    expect(verdict([belowMiddle, middleDer])).toBe('none')
    expect(verdict([belowMiddle, rootDer, middleDer])).toBe('none')
    expect(verdict([leafDer], trusting(twinDer, rootDer))).toBe('none')
  })

  it('that ends at an authority that was only sent is not trusted', () => {
    expect(verdict([leafDer, rootDer], { anchors: [] })).toBe('E_KEY_UNKNOWN')
    expect(verdict([leafDer], trusting(middleDer))).toBe('E_KEY_UNKNOWN')
    expect(verdict([leafDer, rootDer], trusting(twinDer))).toBe('E_X509_SIGNATURE')
    expect(verdict([belowMiddle, middleDer], trusting(twinDer))).toBe('E_X509_SIGNATURE')
  })

  it('with a forged link is refused', async () => {
    const forged = await made({ ...leaf, by: device, issuer: 'middle' })
    expect(verdict([forged, middleDer])).toBe('E_X509_SIGNATURE')
    expect(verdict([await made({ ...leaf, by: middle })])).toBe('E_X509_SIGNATURE')
  })

  it('is refused when it is no certificates, or too many', () => {
    expect(verdict([])).toBe('E_X509_PARSE')
    expect(verdict([Uint8Array.of(0x30, 0)])).toBe('E_X509_PARSE')
    expect(verdict([leafDer, ...Array.from({ length: 5 }, () => middleDer)])).toBe('E_X509_PARSE')
  })

  it('is refused where a certificate may not issue, or the device is an authority', async () => {
    const plain = await made({ of: middle, by: root, issuer: 'root', subject: 'middle' })
    expect(verdict([belowMiddle, plain])).toBe('E_X509_CA')
    expect(verdict([await made({ ...leaf, extensions: authority })])).toBe('E_X509_CA')
    const short = await made({
      of: root,
      by: root,
      issuer: 'root',
      subject: 'root',
      extensions: [basicConstraints({ ca: true, pathLength: 0 })],
    })
    expect(verdict([leafDer], trusting(short))).toBe('none')
    expect(verdict([belowMiddle, middleDer], trusting(short))).toBe('E_X509_CA')
    const garbled = { oid: Oid.basicConstraints, critical: true, value: Uint8Array.of(5) }
    expect(verdict([await made({ ...leaf, extensions: [garbled] })])).toBe('E_X509_PARSE')
  })

  it('holds from its first to its last second, whatever the period of the authority', async () => {
    const old = await made({
      of: root,
      by: root,
      issuer: 'root',
      subject: 'root',
      extensions: authority,
      until: new Date('2024-01-02T00:00:00Z'),
    })
    const end = notAfter.getTime() / 1000
    const verdicts = [time - 1, time, end, end + 1].map((at) =>
      verdict([leafDer], trusting(old), at),
    )
    expect(verdicts).toEqual(['E_X509_TIME', 'none', 'none', 'E_X509_TIME'])
  })

  it('names the device by the prefix of its family and its serial number', async () => {
    const other = await made({ ...leaf, subject: `someone-${serial}` })
    expect(verdict([other])).toBe('E_X509_SUBJECT')
    expect(verdict([await made({ ...leaf, serialNumber: '0102' })])).toBe('E_X509_SUBJECT')
    const [anchor] = trusting(rootDer).anchors
    const anchors: readonly CertificateAnchor[] =
      anchor === undefined ? [] : [{ ...anchor, subjectPrefixes: ['someone-'] }]
    expect(verdict([other], { anchors })).toBe('none')
    expect(verdict([leafDer], { anchors })).toBe('E_X509_SUBJECT')
  })

  it.each([
    ['its serial number', { serialNumbers: new Set([serial]) }],
    ['its name', { subjects: new Set([subject]) }],
    ['its key', { keyHashes: new Set([toHex(sha256(device.publicKey.point))]) }],
  ])('is refused when %s is denied', (_, denied) => {
    expect(verdict([leafDer], { ...trusting(rootDer), denied })).toBe('E_X509_REVOKED')
    expect(verdict([leafDer], { ...trusting(rootDer), denied: {} })).toBe('none')
  })
})

describe('a certified key', () => {
  const publicKey = curvePublicKey('P-256', device.publicKey.point.subarray(1))
  const other = verifiedDevice(3)
  const claims = {
    profile: TokenProfile.psa2023,
    nonce: new Uint8Array(32),
    instanceId: instanceIdOf(publicKey),
    implementationId: new Uint8Array(32),
    clientId: 1,
    securityLifecycle: 0x3000,
    softwareComponents: [],
  }
  const token = (changes: Partial<Token>) => ({ claims, certificateChain: undefined, ...changes })
  const known = { anchor: undefined, trust: trusting(rootDer), time, cache: new KeyCache(0) }

  it('belongs to the instance ids that are derived from it', () => {
    expect(requireBinding(instanceIdOf(publicKey, 'sha256(0x04||X||Y)'), publicKey)).toEqual([
      'sha256(0x04||X||Y)',
    ])
    expect(codeOf(() => requireBinding(other.instanceId, publicKey))).toBe('E_INSTANCE_ID_BINDING')
  })

  it('is chosen from the token or from what is registered, and recognised where its authority says so', () => {
    const [anchor] = known.trust.anchors
    const sent = chooseKey(token({ certificateChain: [leafDer] }), known)
    expect(sent).toMatchObject({ isKnown: true, origin: { kind: 'certified', isAccepted: false } })
    const trust = { anchors: anchor === undefined ? [] : [{ ...anchor, acceptUnregistered: true }] }
    const kept = chooseKey(token({}), { ...known, trust, certificates: [leafDer] })
    expect(kept).toMatchObject({ isKnown: true, origin: { subject, isAccepted: true } })
  })

  it('of another instance is refused, and so is a registered one that has no certificate or another', () => {
    const foreign = { ...claims, instanceId: other.instanceId }
    const refused = chooseKey({ claims: foreign, certificateChain: [leafDer] }, known)
    expect(refused).toMatchObject({ isKnown: false, refusal: { code: 'E_INSTANCE_ID_BINDING' } })
    expect(leafKeyOf([Uint8Array.of(1)])).toBeUndefined()
    expect(leafKeyOf([])).toBeUndefined()
    const anchor = {
      ...claims,
      key: { type: 'ec', curve: 'P-256', point: publicKey.octets },
      state: 'active',
    } as const
    const both = chooseKey(token({ certificateChain: [leafDer] }), { ...known, anchor })
    expect(both).toMatchObject({ isKnown: true, origin: { kind: 'registered' }, warnings: [] })
  })
})
