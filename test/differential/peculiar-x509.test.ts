import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { toHex } from '@keyline/bytes'
import { p256ScalarOf, p256ToPkcs8, type P256KeyPair } from '@keyline/crypto'
import {
  basicConstraints,
  buildCertificate,
  buildRequest,
  isSelfSigned,
  isSignedBy,
  keyIdentifier,
  name,
  Oid,
  parseCertificate,
  parseRequest,
  type CertificateInput,
  type NameInput,
} from '@keyline/x509'
import * as peculiar from '@peculiar/x509'
import { describe, expect, it } from 'vitest'
import { Draw } from '../support/draw.ts'
import { fuzzNumbers, mutate } from '../support/fuzz/mutate.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { deterministicSigner } from '../support/vectors/deterministic-signer.ts'
import {
  certificateFields,
  nameText,
  noKey,
  noText,
  readNameTexts,
} from './support/certificate-fields.ts'
import {
  allUsages,
  drawCertificate,
  drawKeyPair,
  drawName,
  drawNamedKey,
  drawSerialNumber,
  type NamedKey,
} from './support/drawn-certificate.ts'
import { differences, shown, type Fields } from './support/fields.ts'
import {
  peculiarFields,
  peculiarName,
  peculiarPoint,
  usageFlags,
} from './support/peculiar-fields.ts'

const cases = scaled(1_000, 100_000)
const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

describe(`@peculiar/x509, ${cases} cases drawn with seed ${testSeed},`, () => {
  it('reads the certificates that we built as we do, and verifies them', async () => {
    const draw = new Draw(`our certificates ${testSeed}`)
    const issuer = drawNamedKey(draw)
    const issuerKey = (await cryptoKeys(issuer.keyPair)).publicKey
    const problems: string[] = []
    for (let index = 0; index < cases; index++) {
      const der = await buildCertificate(drawCertificate(draw, issuer))
      const theirs = { ...peculiarFields(der), signature: await verifiesThere(der, issuerKey) }
      const ours = { ...certificateFields(der), signature: 'true' }
      problems.push(...differences(place(index), ours, theirs))
    }
    expect(shown(problems)).toEqual([])
  })

  it('builds certificates that we read as they were meant, and verify', async () => {
    const draw = new Draw(`their certificates ${testSeed}`)
    const issuer = drawNamedKey(draw)
    const signingKey = (await cryptoKeys(issuer.keyPair)).privateKey
    const device = drawKeyPair(draw)
    const publicKey = (await cryptoKeys(device)).publicKey
    const problems: string[] = []
    for (let index = 0; index < cases; index++) {
      const meant = drawMeant(draw)
      const der = await buildThere(meant, { issuer, signingKey, publicKey })
      const ours = {
        ...certificateFields(der),
        signature: String(isSignedBy(parseCertificate(der), issuer.keyPair.publicKey)),
      }
      problems.push(...differences(place(index), ours, meantFields(meant, issuer, device)))
    }
    expect(shown(problems)).toEqual([])
  })

  it('reads the requests that we built as we do, and verifies them', async () => {
    const draw = new Draw(`our requests ${testSeed}`)
    const problems: string[] = []
    for (let index = 0; index < cases; index++) {
      const keyPair = drawKeyPair(draw)
      const der = await buildRequest({ subject: name(drawName(draw, 0)), keyPair })
      const request = new peculiar.Pkcs10CertificateRequest(der)
      const theirs = {
        subject: peculiarName(request.subjectName),
        publicKey: peculiarPoint(request.publicKey),
        signature: String(await request.verify()),
      }
      problems.push(...differences(place(index), requestFields(der), theirs))
    }
    expect(shown(problems)).toEqual([])
  })

  it('builds requests that we read as they were meant, and verify', async () => {
    const draw = new Draw(`their requests ${testSeed}`)
    const device = drawKeyPair(draw)
    const keys = await cryptoKeys(device)
    const problems: string[] = []
    for (let index = 0; index < cases; index++) {
      const subject = drawName(draw, 1)
      const request = await peculiar.Pkcs10CertificateRequestGenerator.create({
        name: theirName(subject),
        keys,
        signingAlgorithm: ecdsa,
      })
      const meant = {
        subject: textOf(subject),
        publicKey: toHex(device.publicKey.point),
        signature: 'true',
      }
      const der = new Uint8Array(request.rawData)
      problems.push(...differences(place(index), requestFields(der), meant))
    }
    expect(shown(problems)).toEqual([])
  })

  it('would be told apart by each field of a certificate', async () => {
    const draw = new Draw(`control ${testSeed}`)
    const issuer = drawNamedKey(draw)
    const input = { ...drawCertificate(draw, issuer), extensions: [basicConstraints({ ca: true })] }
    const another = name([{ type: Oid.commonName, value: 'another' }])
    const changes: Readonly<Record<string, Partial<CertificateInput>>> = {
      serialNumber: { serialNumber: Uint8Array.of(0x55) },
      issuer: { issuer: another },
      subject: { subject: another },
      notBefore: { notBefore: new Date('1999-01-01T00:00:00Z') },
      notAfter: { notAfter: new Date('2106-12-31T23:59:58Z') },
      publicKey: { publicKey: drawKeyPair(draw).publicKey },
      basicConstraints: { extensions: [basicConstraints({ ca: true, pathLength: 1 })] },
    }
    const theirs = peculiarFields(await buildCertificate(input))
    for (const [field, change] of Object.entries(changes)) {
      const ours = certificateFields(await buildCertificate({ ...input, ...change }))
      const found = differences('control', ours, theirs)
      expect(found).toEqual([expect.stringMatching(`^control: ${field} is `)])
    }
    const { publicKey } = await cryptoKeys(drawKeyPair(draw))
    expect(await verifiesThere(await buildCertificate(input), publicKey)).toBe('false')
  })

  it('takes every damaged certificate that we take, and reads it as we do', async () => {
    const draw = new Draw(`damaged ${testSeed}`)
    const issuer = drawNamedKey(draw)
    using scalar = p256ScalarOf(issuer.keyPair)
    const signer = deterministicSigner(issuer.keyPair.publicKey, scalar.reveal())
    const seeds = await Promise.all(
      Array.from({ length: 50 }, () =>
        buildCertificate({ ...drawCertificate(draw, issuer), signer }),
      ),
    )
    const numbers = fuzzNumbers(testSeed)
    const problems: string[] = []
    const verdicts = { taken: 0, refused: 0, 'refused only here': 0 }
    for (let index = 0; index < cases; index++) {
      const der = mutate(seeds, numbers)
      const ours = accepted(() => certificateFields(der))
      const theirs = accepted(() => peculiarFields(der))
      if (ours === undefined) {
        verdicts[theirs === undefined ? 'refused' : 'refused only here'] += 1
        continue
      }
      verdicts.taken += 1
      if (theirs !== undefined) problems.push(...differencesOfTaken(place(index), ours, theirs))
      else if (!isJudgedLater(ours)) problems.push(`${place(index)}: only we take ${toHex(der)}`)
    }
    expect(shown(problems)).toEqual([])
    expect(Math.min(...Object.values(verdicts))).toBeGreaterThan(cases / 50)
  })
})

/**
 * What our parser leaves to those who ask for it, and the other one judges at once: the algorithm of the key,
 * a value of a name that is no text, an extension that stands twice, and the values of extensions that nobody here reads.
 */
function isJudgedLater(ours: Fields): boolean {
  const types = (ours['extensions'] ?? '').split(' ')
  return (
    Object.values(ours).some((value) => value === noKey || value.includes(noText)) ||
    new Set(types).size < types.length ||
    types.some((type) => type !== '' && !readTypes.has(type))
  )
}

const readTypes: ReadonlySet<string> = new Set([
  Oid.basicConstraints,
  Oid.keyUsage,
  Oid.subjectKeyIdentifier,
  Oid.authorityKeyIdentifier,
])

/**
 * Where ours is the stricter one by intent, theirs is not compared: a key off the curve, or on another one, is none,
 * and octets that are no UTF-8, or a string of an old type, are no text.
 */
function differencesOfTaken(where: string, ours: Fields, theirs: Fields): readonly string[] {
  const compared = Object.entries(theirs).filter(([field]) => {
    const value = ours[field] ?? ''
    return !value.includes(noKey) && !value.includes(noText)
  })
  return differences(where, ours, Object.fromEntries(compared))
}

/** Undefined where the reader refuses. Ours refuses with its own errors only, that of the other side is its own matter. */
function accepted(read: () => Fields): Fields | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function place(index: number): string {
  return `seed ${testSeed}, case ${index}`
}

/** The same pair for the Web Crypto API. */
async function cryptoKeys(pair: P256KeyPair): Promise<webcrypto.CryptoKeyPair> {
  using pkcs8 = p256ToPkcs8(pair)
  const { subtle } = webcrypto
  const octets = Uint8Array.from(pkcs8.reveal())
  return {
    privateKey: await subtle.importKey('pkcs8', octets, ecdsa, true, ['sign']),
    publicKey: await subtle.importKey('raw', Uint8Array.from(pair.publicKey.point), ecdsa, true, [
      'verify',
    ]),
  }
}

async function verifiesThere(der: Uint8Array, publicKey: webcrypto.CryptoKey): Promise<string> {
  const certificate = new peculiar.X509Certificate(Uint8Array.from(der))
  return String(await certificate.verify({ publicKey, signatureOnly: true }))
}

/** What the other side is told to certify. */
interface Meant {
  readonly serialNumber: string
  readonly subject: readonly NameInput[]
  readonly notBefore: Date
  readonly notAfter: Date
  readonly ca: boolean
  readonly pathLength: number | undefined
  readonly usages: readonly string[]
}

function drawMeant(draw: Draw): Meant {
  const [notBefore = new Date(0), notAfter = new Date(0)] = [draw.second(), draw.second()].sort(
    (a, b) => a.getTime() - b.getTime(),
  )
  const ca = draw.once(2)
  const usages = allUsages.filter(() => draw.once(3))
  return {
    serialNumber: toHex(drawSerialNumber(draw)),
    subject: drawName(draw, 1),
    notBefore,
    notAfter,
    ca,
    pathLength: ca && draw.once(2) ? draw.below(200) : undefined,
    usages: usages.length > 0 ? usages : ['digitalSignature'],
  }
}

interface ThereInput {
  readonly issuer: NamedKey
  readonly signingKey: webcrypto.CryptoKey
  readonly publicKey: webcrypto.CryptoKey
}

async function buildThere(meant: Meant, input: ThereInput): Promise<Uint8Array> {
  const { serialNumber, subject, notBefore, notAfter, ca, pathLength, usages } = meant
  const { issuer, signingKey, publicKey } = input
  const certificate = await peculiar.X509CertificateGenerator.create({
    serialNumber,
    issuer: new peculiar.Name(Uint8Array.from(issuer.subject)),
    subject: theirName(subject),
    notBefore,
    notAfter,
    publicKey,
    signingKey,
    signingAlgorithm: ecdsa,
    extensions: [
      new peculiar.BasicConstraintsExtension(ca, pathLength, true),
      new peculiar.KeyUsagesExtension(usageFlags(usages), true),
      await peculiar.SubjectKeyIdentifierExtension.create(publicKey),
      new peculiar.AuthorityKeyIdentifierExtension(toHex(issuer.keyId)),
    ],
  })
  return new Uint8Array(certificate.rawData)
}

function meantFields(meant: Meant, issuer: NamedKey, device: P256KeyPair): Fields {
  const { ca, pathLength } = meant
  return {
    version: '3',
    serialNumber: BigInt(`0x${meant.serialNumber}`).toString(16),
    issuer: nameText(readNameTexts(issuer.subject)),
    subject: textOf(meant.subject),
    notBefore: meant.notBefore.toISOString(),
    notAfter: meant.notAfter.toISOString(),
    publicKey: toHex(device.publicKey.point),
    basicConstraints: `critical ${ca ? 'CA' : 'no CA'}${pathLength === undefined ? '' : `, path length ${pathLength}`}`,
    keyUsage: `critical ${meant.usages.join(' ')}`,
    subjectKeyIdentifier: toHex(keyIdentifier(device.publicKey.point)),
    authorityKeyIdentifier: toHex(issuer.keyId),
    signature: 'true',
  }
}

function requestFields(der: Uint8Array): Fields {
  const request = parseRequest(der)
  return {
    subject: nameText(readNameTexts(request.subject)),
    publicKey: toHex(request.publicPoint ?? new Uint8Array()),
    signature: String(isSelfSigned(request)),
  }
}

function textOf(attributes: readonly NameInput[]): string {
  return nameText(attributes.map(({ type, value }) => ({ type, text: value })))
}

/** The same name; told the type of each string, the other side takes texts as they are. */
function theirName(attributes: readonly NameInput[]): peculiar.Name {
  return new peculiar.Name(
    attributes.map(({ type, value, printable }) => ({
      [type]: [printable === true ? { printableString: value } : { utf8String: value }],
    })),
  )
}
