import { encodeUtf8, fromHex } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import {
  buildCertificate,
  buildSignedData,
  keyIdentifier,
  name,
  noExpiry,
  Oid,
  subjectKeyIdentifier,
  type Extension,
} from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { encodeDeclarationContent, type CertificationDeclaration } from './content.ts'
import { verifyDeclaration } from './declaration.ts'
import { declarationSigner, type DeclarationSigner, type SignerTrust } from './signers.ts'

const pair = generateP256()
const keyId = keyIdentifier(pair.publicKey.point)

function certificateOf(extensions: readonly Extension[]): Promise<Uint8Array> {
  const subject = name([{ type: Oid.commonName, value: 'Laboratory' }])
  return buildCertificate({
    serialNumber: Uint8Array.of(1),
    issuer: subject,
    subject,
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: noExpiry,
    publicKey: pair.publicKey,
    extensions,
    signer: keyPairSigner(pair),
  })
}

async function signerOf(trust: SignerTrust): Promise<DeclarationSigner> {
  return declarationSigner(await certificateOf([subjectKeyIdentifier(keyId)]), trust, 'Laboratory')
}

const declaration: CertificationDeclaration = {
  formatVersion: 1,
  vendorId: 0xfff1,
  productIds: [0x8004],
  deviceTypeId: 0x100,
  certificateId: 'CSA00000SWC00000-00',
  securityLevel: 0,
  securityInformation: 0,
  versionNumber: 1,
  certificationType: 2,
}

async function verdict(
  content: Uint8Array | Partial<CertificationDeclaration>,
  trust: SignerTrust = 'official',
): Promise<string> {
  const octets =
    content instanceof Uint8Array
      ? content
      : encodeDeclarationContent({ ...declaration, ...content })
  const der = await buildSignedData({ content: octets, keyId, signer: keyPairSigner(pair) })
  const result = verifyDeclaration(der, { policy: 'test', signers: [await signerOf(trust)] })
  return result.ok ? 'good' : `${result.check}: ${result.message}`
}

describe('a declaration of a signer that the caller names', () => {
  it('is good, of each type that the signer may sign', async () => {
    expect(await verdict({})).toBe('good')
    expect(await verdict({ certificationType: 1 }, 'test')).toBe('good')
  })

  it('is refused when a test signer signs an official one, a reserved one too', async () => {
    expect(await verdict({}, 'test')).toBe('ATT-17: Laboratory may not sign certification type 2')
    expect(await verdict({ certificationType: 3 }, 'test')).toContain('ATT-17')
  })

  it('is refused for a format or a type that nobody knows', async () => {
    expect(await verdict({ formatVersion: 2 })).toBe('ATT-20: format_version is 2, not 1')
    expect(await verdict({ certificationType: 3 })).toBe('ATT-20: certification_type 3 is reserved')
  })

  it.each([
    ['no TLV', encodeUtf8('text')],
    ['no structure', fromHex('1618')],
    ['a structure with a tag', fromHex('35011800').subarray(0, 3)],
    ['nothing', new Uint8Array()],
  ])('is refused when its content is %s', async (_, content) => {
    expect(await verdict(content)).toMatch(/^ATT-19: /)
  })
})

describe('a signer', () => {
  it('needs a key identifier that declarations can name', async () => {
    const certificate = await certificateOf([])
    expect(() => declarationSigner(certificate, 'test', 'Laboratory')).toThrow(
      'Laboratory has no P-256 key with a key identifier',
    )
  })
})
