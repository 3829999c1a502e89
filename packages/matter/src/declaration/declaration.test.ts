import { readFileSync } from 'node:fs'
import { concat, fromHex, toHex } from '@keyline/bytes'
import { generateP256, keyPairSigner, p256FromScalar } from '@keyline/crypto'
import {
  buildCertificate,
  buildSignedData,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  derTagged,
  derTaggedPrimitive,
  keyIdentifier,
  name,
  noExpiry,
  Oid,
  subjectKeyIdentifier,
} from '@keyline/x509'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { vectorTexts } from '../../../../test/support/fuzz/vector-seeds.ts'
import '../../../../test/support/properties.ts'
import { check } from '../../../../test/support/vectors/matter-cd.ts'
import { MatterError } from '../errors.ts'
import {
  decodeDeclarationContent,
  encodeDeclarationContent,
  type CertificationDeclaration,
} from './content.ts'
import { buildDeclaration, verifyDeclaration } from './declaration.ts'
import { parseDeclaration } from './parse.ts'
import { openEnvelope } from './envelope.ts'
import { declarationSigner, declarationSigners } from './signers.ts'

const vectors = new URL('../../../../test/vectors/', import.meta.url)
const readJson = (path: string): unknown => JSON.parse(readFileSync(new URL(path, vectors), 'utf8'))

/** The published test key of the SDK. */
const testPair = p256FromScalar(
  fromHex('aef3484116e9481ec57be0472df41bf499064e5024ad869eca5e889802d48075'),
)
const testSigner = {
  signer: keyPairSigner(testPair),
  signerKeyId: fromHex('62fa823359acfaa9963e1cfa140addf504f37160'),
}

const declaration: CertificationDeclaration = {
  formatVersion: 1,
  vendorId: 0xfff1,
  productIds: [0x8004],
  deviceTypeId: 22,
  certificateId: 'CSA00000SWC00000-00',
  securityLevel: 0,
  securityInformation: 0,
  versionNumber: 1,
  certificationType: 0,
}

const u16 = fc.nat(0xffff)
const declarations = fc.record({
  formatVersion: u16,
  vendorId: u16,
  productIds: fc.array(u16, { maxLength: 100 }),
  deviceTypeId: fc.nat(0x7fff_ffff),
  certificateId: fc.string({ minLength: 19, maxLength: 19, unit: 'binary-ascii' }),
  securityLevel: fc.nat(0xff),
  securityInformation: u16,
  versionNumber: u16,
  certificationType: fc.nat(0xff),
  dacOrigin: fc.option(fc.record({ vendorId: u16, productId: u16 }), { nil: undefined }),
  authorizedPaas: fc.option(
    fc.array(fc.uint8Array({ minLength: 20, maxLength: 20 }), { maxLength: 10 }),
    { nil: undefined },
  ),
})

describe('certification declarations', () => {
  it.each([
    ['certification-declarations.json', 17],
    ['signers.json', 8],
  ])('agree with every case of %s', async (file, count) => {
    const path = `matter/cd/${file}`
    const results = await check({ path, json: readJson(path) })
    expect(results.filter((result) => !result.ok)).toEqual([])
    expect(results).toHaveLength(count)
  })

  it('encode to the octets that others wrote', () => {
    const contents = new Set(vectorTexts('matter/cd/certification-declarations.json', 'content'))
    for (const content of contents) {
      const again = encodeDeclarationContent(decodeDeclarationContent(fromHex(content)))
      expect(toHex(again)).toBe(content)
    }
    expect(contents.size).toBe(12)
  })

  it('come back as they were built', async () => {
    await fc.assert(
      fc.asyncProperty(declarations, async (input) => {
        const der = await buildDeclaration({ declaration: input, ...testSigner })
        const parsed = parseDeclaration(der)
        expect(parsed.declaration).toEqual(input)
        expect(parsed.signerKeyId).toEqual(testSigner.signerKeyId)
      }),
    )
  })

  it('verify under the policies that believe their signer', async () => {
    const der = await buildDeclaration({ declaration, ...testSigner })
    expect(verifyDeclaration(der, { policy: 'test' })).toMatchObject({ ok: true, declaration })
    const refused = verifyDeclaration(der, { policy: 'production' })
    expect(refused).toMatchObject({ ok: false, check: 'ATT-17' })
  })

  it('verify under a signer of one’s own', async () => {
    const pair = generateP256()
    const keyId = keyIdentifier(pair.publicKey.point)
    const subject = name([{ type: Oid.commonName, value: 'Laboratory' }])
    const certificate = await buildCertificate({
      serialNumber: fromHex('01'),
      issuer: subject,
      subject,
      notBefore: new Date('2026-01-01T00:00:00Z'),
      notAfter: noExpiry,
      publicKey: pair.publicKey,
      extensions: [subjectKeyIdentifier(keyId)],
      signer: keyPairSigner(pair),
    })
    const official = { ...declaration, certificationType: 2 }
    const der = await buildDeclaration({
      declaration: official,
      signer: keyPairSigner(pair),
      signerKeyId: keyId,
    })
    const signers = [declarationSigner(certificate, 'official', 'Laboratory')]
    expect(verifyDeclaration(der, { policy: 'production', signers }).ok).toBe(true)
    expect(verifyDeclaration(der, { policy: 'production' })).toMatchObject({ check: 'ATT-17' })
  })

  it('know the six published signers', () => {
    expect(declarationSigners.map(({ trust }) => trust).toSorted()).toEqual([
      'official',
      'official',
      'official',
      'official',
      'official',
      'test',
    ])
  })

  it('refuse a signature over another content', async () => {
    const content = encodeDeclarationContent(declaration)
    const other = encodeDeclarationContent({ ...declaration, vendorId: 0xfff2 })
    const der = await buildSignedData({
      content,
      keyId: testSigner.signerKeyId,
      signer: testSigner.signer,
    })
    const changed = fromHex(toHex(der).replace(toHex(content), toHex(other)))
    expect(verifyDeclaration(changed, { policy: 'test' })).toMatchObject({ check: 'ATT-18' })
  })

  it.each([
    [{ certificationType: 2 }, 'ATT-17'],
    [{ formatVersion: 2 }, 'ATT-20'],
  ])('refuse %j of the test signer with %s', async (changes, expected) => {
    const der = await buildDeclaration({
      declaration: { ...declaration, ...changes },
      ...testSigner,
    })
    expect(verifyDeclaration(der, { policy: 'test' })).toMatchObject({ check: expected })
  })
})

function refuses(hex: string): void {
  expect(() => decodeDeclarationContent(fromHex(hex))).toThrow(
    expect.objectContaining({ code: 'DECLARATION_MALFORMED' }),
  )
}

describe('the content of a declaration', () => {
  const content = toHex(encodeDeclarationContent(declaration))
  it('is the one that the field writes', () => {
    expect(content).toBe(
      '152400012501f1ff3602050480182403162c0413435341303030303053574330303030302d3030' +
        '24050024060024070124080018',
    )
  })

  it('is refused at every prefix and with anything behind it', () => {
    for (let length = 0; length < content.length; length += 2) refuses(content.slice(0, length))
    refuses(`${content}00`)
  })

  it('ends every input with a declaration or its own error', () => {
    const octets = fromHex(content)
    fc.assert(
      fc.property(fc.nat(octets.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const changed = Uint8Array.from(octets)
        changed[place] = (changed[place] ?? 0) ^ change
        try {
          decodeDeclarationContent(changed)
        } catch (error) {
          if (!(error instanceof MatterError)) throw error
        }
      }),
    )
  })

  it.each([
    ['a member behind the last that it does not know', '240c0718'],
    ['a member of a vendor', 'c4f1ff000001000718'],
    ['a DAC origin', '2509f1ff250a048018'],
    ['a DAC origin in a narrower width', '240901240a0218'],
    ['an empty list of PAAs', '360b1818'],
  ])('may have %s', (_, tail) => {
    const decoded = decodeDeclarationContent(fromHex(content.slice(0, -2) + tail))
    expect(decoded.vendorId).toBe(0xfff1)
  })

  it.each([
    ['an origin vendor without a product', '2509f1ff18'],
    ['an origin product without a vendor', '250a048018'],
    ['an origin behind the list of PAAs', '360b182509f1ff250a048018'],
    ['a key identifier of 19 octets', `360b1013${'00'.repeat(19)}1818`],
    ['eleven PAAs', `360b${`1014${'00'.repeat(20)}`.repeat(11)}1818`],
    ['a member twice', '24080018'],
  ])('may not have %s', (_, tail) => {
    refuses(content.slice(0, -2) + tail)
  })

  it.each([
    ['a vendor id above 16 bits', '2501f1ff', '2601f1ff0100'],
    ['a signed vendor id', '2501f1ff', '2101f17f'],
    ['a security level above 8 bits', '240500', '25050001'],
    ['a certificate id of 18 characters', '2c0413435341', '2c04125341'],
    ['a certificate id of octets', '2c0413', '300413'],
    ['101 products', '360205048018', `3602${'050480'.repeat(101)}18`],
    ['no vendor id', '2501f1ff', ''],
    ['members out of order', '240500240600', '240600240500'],
  ])('may not have %s in place of its own', (_, own, other) => {
    expect(content).toContain(own)
    refuses(content.replace(own, other))
  })

  it('may list 100 products and no product', () => {
    const products = content.replace('360205048018', `3602${'050480'.repeat(100)}18`)
    expect(decodeDeclarationContent(fromHex(products)).productIds).toHaveLength(100)
    const none = content.replace('360205048018', '360218')
    expect(decodeDeclarationContent(fromHex(none)).productIds).toEqual([])
  })
})

describe('the envelope of a declaration', () => {
  interface Parts {
    readonly version?: number
    readonly digests?: readonly Uint8Array[]
    readonly type?: string
    readonly signerVersion?: number
    readonly sid?: Uint8Array
    readonly signerDigest?: Uint8Array
    readonly algorithm?: Uint8Array
    readonly certificates?: Uint8Array
    readonly signers?: number
  }

  const sha256 = derSequence(derOid(Oid.sha256))
  const sha1 = derSequence(derOid('1.3.14.3.2.26'))
  const ecdsa = derSequence(derOid(Oid.ecdsaWithSha256))

  function envelope(parts: Parts): Uint8Array {
    const signer = derSequence(
      derInteger(parts.signerVersion ?? 3),
      parts.sid ?? derTaggedPrimitive(0, testSigner.signerKeyId),
      parts.signerDigest ?? sha256,
      parts.algorithm ?? ecdsa,
      derOctetString(fromHex('3006020101020101')),
    )
    const type = derOid(parts.type ?? Oid.data)
    const members = [
      derInteger(parts.version ?? 3),
      derSet(...(parts.digests ?? [sha256])),
      derSequence(type, derTagged(0, derOctetString(fromHex('1518')))),
      ...(parts.certificates === undefined ? [] : [parts.certificates]),
      derSet(...Array.from({ length: parts.signers ?? 1 }, () => signer)),
    ]
    return derSequence(derOid(Oid.signedData), derTagged(0, derSequence(...members)))
  }

  it('opens when it is as it must be', () => {
    expect(openEnvelope(envelope({})).ok).toBe(true)
  })

  it.each<[violations: readonly string[], isSignerAtFault: boolean, parts: Parts]>([
    [['CMS-VERSION'], false, { version: 1 }],
    [['CMS-DIGEST'], false, { digests: [sha1] }],
    [['CMS-DIGEST'], false, { digests: [] }],
    [['CMS-DIGEST'], false, { digests: [derSequence(derOid(Oid.sha256), fromHex('0500'))] }],
    [['CMS-ECONTENT-TYPE'], false, { type: '1.3.6.1.4.1.311.2.1.4' }],
    [['CMS-SIGNERINFO-VERSION'], true, { signerVersion: 1 }],
    [['CMS-SID'], true, { sid: derTaggedPrimitive(0, new Uint8Array(19)) }],
    [['CMS-SID'], true, { sid: derSequence(name([]), derInteger(1)) }],
    [['CMS-SIGNERINFO-DIGEST'], true, { signerDigest: sha1 }],
    [['CMS-SIGALG'], true, { algorithm: derSequence(derOid('1.2.840.10045.4.1')) }],
    [['CMS-SIGALG'], true, { algorithm: concat(derTagged(0, sha256), ecdsa) }],
    [['CMS-VERSION', 'CMS-SIGALG'], true, { version: 2, algorithm: sha1 }],
    [[], false, { signers: 2 }],
    [[], false, { certificates: derTagged(0) }],
    [[], true, { signers: 0 }],
  ])('has the violations %j (signer at fault: %s)', (violations, isSignerAtFault, parts) => {
    expect(openEnvelope(envelope(parts))).toMatchObject({ ok: false, violations, isSignerAtFault })
  })

  it('blames the signer where none can be reached', () => {
    const whole = envelope({})
    for (let length = 0; length < whole.length; length++) {
      expect(openEnvelope(whole.subarray(0, length))).toMatchObject({ isSignerAtFault: true })
    }
  })
})
