import { toHex } from '@keyline/bytes'
import { p256ScalarOf, type P256PublicKey } from '@keyline/crypto'
import { buildDac, type DacInput } from '@keyline/issuer'
import { checkDac, matterIds } from '@keyline/matter'
import {
  attributeText,
  buildRequest,
  isSelfSigned,
  isSignedBy,
  keyIdentifier,
  name,
  noExpiry,
  Oid,
  parseCertificate,
  parseRequest,
  readName,
} from '@keyline/x509'
import { PrivateKey, PublicKey, StandardCrypto } from '@matter/general'
import { Certificate, Dac } from '@matter/protocol'
import { VendorId } from '@matter/types'
import { describe, expect, it } from 'vitest'
import { drawAuthority, drawDac } from '../issuing/support/drawn-dac.ts'
import { Draw } from '../support/draw.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { certificateFields, constraintsText, numberText } from './support/certificate-fields.ts'
import { drawKeyPair, drawName, drawNamedKey } from './support/drawn-certificate.ts'
import { differences, shown, type Fields } from './support/fields.ts'
import { octetsOf } from './support/matter-octets.ts'

const cases = scaled(1_000, 100_000)
const matterCrypto = new StandardCrypto()
/** Second from which matter.js counts, and its number for a certificate without an end. */
const matterEpoch = Date.UTC(2000, 0, 1)
const withoutEnd = 0

describe(`matter.js, ${cases} certificates and requests drawn with seed ${testSeed},`, () => {
  it('reads the DACs that we built as we do, and verifies them', async () => {
    const draw = new Draw(`our DACs ${testSeed}`)
    const authority = await drawAuthority(draw, 'any product')
    const problems: string[] = []
    for (let index = 0; index < cases; index++) {
      const der = Uint8Array.from(await buildDac(drawDac(draw, authority)))
      const theirs = await readThere(der, authority.pai.publicKey)
      problems.push(...differences(place(index), { ...fieldsOf(der), signature: 'true' }, theirs))
    }
    expect(shown(problems)).toEqual([])
  })

  it('builds DACs that satisfy the profile, verify, and say what was meant', async () => {
    const draw = new Draw(`their DACs ${testSeed}`)
    const issuer = drawNamedKey(draw)
    using scalar = p256ScalarOf(issuer.keyPair)
    const key = PrivateKey(Uint8Array.from(scalar.reveal()))
    const problems: string[] = []
    for (let index = 0; index < cases; index++) {
      const meant = drawMeant(draw)
      const built = new Dac({ ...meant, ...fixed, extensions: extensionsOf(meant, issuer.keyId) })
      await built.sign(matterCrypto, key)
      const der = octetsOf(built.asSignedDer())
      const ours = {
        ...fieldsOf(der),
        violations: checkDac(der).join(' '),
        signature: String(isSignedBy(parseCertificate(der), issuer.keyPair.publicKey)),
      }
      problems.push(...differences(place(index), ours, meantFields(meant, issuer.keyId)))
    }
    expect(shown(problems)).toEqual([])
  })

  it('takes the key out of the requests that we built', async () => {
    const draw = new Draw(`our requests ${testSeed}`)
    const problems: string[] = []
    for (let index = 0; index < cases; index++) {
      const keyPair = drawKeyPair(draw)
      const der = await buildRequest({ subject: name(drawName(draw, 0)), keyPair })
      const publicKey = await Certificate.getPublicKeyFromCsr(matterCrypto, der)
      const theirs = { publicKey: toHex(octetsOf(publicKey)) }
      problems.push(
        ...differences(place(index), { publicKey: toHex(keyPair.publicKey.point) }, theirs),
      )
    }
    expect(shown(problems)).toEqual([])
  })

  it('builds requests that we read, and that prove their key', async () => {
    const draw = new Draw(`their requests ${testSeed}`)
    const problems: string[] = []
    for (let index = 0; index < cases; index++) {
      const keyPair = drawKeyPair(draw)
      using scalar = p256ScalarOf(keyPair)
      const key = PrivateKey(Uint8Array.from(scalar.reveal()))
      const der = await Certificate.createCertificateSigningRequest(matterCrypto, key)
      const request = parseRequest(octetsOf(der))
      const ours = {
        publicKey: toHex(request.publicPoint ?? new Uint8Array()),
        signature: String(isSelfSigned(request)),
      }
      const meant = { publicKey: toHex(keyPair.publicKey.point), signature: 'true' }
      problems.push(...differences(place(index), ours, meant))
    }
    expect(shown(problems)).toEqual([])
  })

  it('would be told apart by each field of a DAC, and by its signature', async () => {
    const draw = new Draw(`control ${testSeed}`)
    const authority = await drawAuthority(draw, 'any product')
    const input: DacInput = {
      ...drawDac(draw, authority),
      subjectEncoding: 'oid',
      commonName: 'one',
      productId: 1,
      notAfter: new Date('2090-01-01T00:00:00Z'),
    }
    const ours = { ...fieldsOf(Uint8Array.from(await buildDac(input))), signature: 'true' }
    const changes: Readonly<Record<string, Partial<DacInput>>> = {
      serialNumber: { serialNumber: Uint8Array.of(0x55) },
      subjectName: { commonName: 'another' },
      subjectIds: { productId: 2 },
      notBefore: { notBefore: new Date('2021-02-03T04:05:06Z') },
      notAfter: { notAfter: noExpiry },
    }
    for (const [field, change] of Object.entries(changes)) {
      const der = Uint8Array.from(await buildDac({ ...input, ...change }))
      const theirs = await readThere(der, authority.pai.publicKey)
      expect(differences('control', ours, theirs)).toEqual([
        expect.stringMatching(`^control: ${field} is `),
      ])
    }
    const other = Uint8Array.from(await buildDac(input))
    await expect(readThere(other, drawKeyPair(draw).publicKey)).rejects.toThrow(
      'Signature verification failed',
    )
  })
})

function place(index: number): string {
  return `seed ${testSeed}, case ${index}`
}

/** Our reading, with the members of names that matter.js has. */
function fieldsOf(der: Uint8Array): Fields {
  const certificate = parseCertificate(der)
  const { issuer, subject, notAfter } = certificate
  return {
    ...certificateFields(der),
    issuerName: commonNameOf(issuer),
    issuerIds: idsText(matterIds(issuer)),
    subjectName: commonNameOf(subject),
    subjectIds: idsText(matterIds(subject)),
    notAfter: notAfter.getTime() === noExpiry.getTime() ? 'none' : notAfter.toISOString(),
  }
}

function commonNameOf(nameDer: Uint8Array): string {
  const attribute = readName(nameDer).find(({ type }) => type === Oid.commonName)
  return (attribute === undefined ? undefined : attributeText(attribute)) ?? 'none'
}

interface Ids {
  readonly vendorId?: number | undefined
  readonly productId?: number | undefined
}

function idsText({ vendorId, productId }: Ids): string {
  return `${vendorId ?? 'none'} ${productId ?? 'none'}`
}

interface MatterName extends Ids {
  readonly commonName?: string | undefined
}

/** The other side's reading; its error where the signature does not verify. */
async function readThere(der: Uint8Array<ArrayBuffer>, issuerKey: P256PublicKey): Promise<Fields> {
  const dac = Dac.fromAsn1(der)
  const key = PublicKey(Uint8Array.from(issuerKey.point))
  await matterCrypto.verifyEcdsa(key, dac.asUnsignedDer(), dac.signature)
  const { serialNumber, notBefore, notAfter, ellipticCurvePublicKey, extensions } = dac.cert
  const issuer: MatterName = dac.cert.issuer
  const subject: MatterName = dac.cert.subject
  const { basicConstraints, keyUsage, subjectKeyIdentifier, authorityKeyIdentifier } = extensions
  const usages = Object.entries(keyUsage).filter(([, isSet]) => isSet)
  return {
    serialNumber: numberText(toHex(octetsOf(serialNumber))),
    issuerName: issuer.commonName ?? 'none',
    issuerIds: idsText(issuer),
    subjectName: subject.commonName ?? 'none',
    subjectIds: idsText(subject),
    notBefore: matterTime(notBefore),
    notAfter: notAfter === withoutEnd ? 'none' : matterTime(notAfter),
    publicKey: toHex(octetsOf(ellipticCurvePublicKey)),
    basicConstraints: `critical ${constraintsText(basicConstraints.isCa, basicConstraints.pathLen)}`,
    keyUsage: `critical ${usages.map(([usage]) => usage).join(' ')}`,
    subjectKeyIdentifier: toHex(octetsOf(subjectKeyIdentifier)),
    authorityKeyIdentifier: toHex(octetsOf(authorityKeyIdentifier)),
    signature: 'true',
  }
}

function matterTime(seconds: number): string {
  return new Date(matterEpoch + seconds * 1_000).toISOString()
}

type MatterDac = ConstructorParameters<typeof Dac>[0]
type MeantDac = Pick<
  MatterDac,
  'serialNumber' | 'issuer' | 'subject' | 'notBefore' | 'notAfter' | 'ellipticCurvePublicKey'
>

const fixed = { signatureAlgorithm: 1, publicKeyAlgorithm: 1, ellipticCurveIdentifier: 1 }

function drawMeant(draw: Draw): MeantDac {
  const vendorId = VendorId(draw.between(1, 0xfff4))
  const notBefore = draw.below(2 ** 30)
  const serialNumber = draw.octets(draw.between(1, 19))
  serialNumber[0] = ((serialNumber[0] ?? 0) & 0x7f) | 1
  return {
    serialNumber,
    issuer: { commonName: draw.text('ABCabc é漢', draw.between(1, 20)), vendorId },
    subject: {
      commonName: draw.text('ABCabc é漢', draw.between(1, 20)),
      vendorId,
      productId: draw.between(1, 0xffff),
    },
    notBefore,
    notAfter: draw.once(3) ? withoutEnd : notBefore + draw.below(2 ** 31),
    ellipticCurvePublicKey: Uint8Array.from(drawKeyPair(draw).publicKey.point),
  }
}

function extensionsOf(meant: MeantDac, issuerKeyId: Uint8Array): MatterDac['extensions'] {
  return {
    basicConstraints: { isCa: false },
    keyUsage: { digitalSignature: true },
    subjectKeyIdentifier: keyIdentifier(octetsOf(meant.ellipticCurvePublicKey)),
    authorityKeyIdentifier: Uint8Array.from(issuerKeyId),
  }
}

function meantFields(meant: MeantDac, issuerKeyId: Uint8Array): Fields {
  const point = octetsOf(meant.ellipticCurvePublicKey)
  return {
    version: '3',
    serialNumber: numberText(toHex(octetsOf(meant.serialNumber))),
    issuerName: meant.issuer.commonName,
    issuerIds: idsText(meant.issuer),
    subjectName: meant.subject.commonName,
    subjectIds: idsText(meant.subject),
    notBefore: matterTime(meant.notBefore),
    notAfter: meant.notAfter === withoutEnd ? 'none' : matterTime(meant.notAfter),
    publicKey: toHex(point),
    basicConstraints: 'critical no CA',
    keyUsage: 'critical digitalSignature',
    subjectKeyIdentifier: toHex(keyIdentifier(point)),
    authorityKeyIdentifier: toHex(issuerKeyId),
    violations: '',
    signature: 'true',
  }
}
