import { readFileSync } from 'node:fs'
import { toHex } from '@keyline/bytes'
import { keyPairSigner, p256FromEncoded, p256ScalarOf } from '@keyline/crypto'
import {
  buildDeclaration,
  declarationSigners,
  verifyDeclaration,
  type CertificationDeclaration,
} from '@keyline/matter'
import { PrivateKey, PublicKey, StandardCrypto } from '@matter/general'
import { CertificationDeclaration as MatterDeclaration } from '@matter/protocol'
import { VendorId } from '@matter/types'
import { describe, expect, it } from 'vitest'
import { Draw } from '../support/draw.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { drawDeclaration } from './support/drawn-declaration.ts'
import { differences, shown, type Fields } from './support/fields.ts'
import { octetsOf } from './support/matter-octets.ts'

const cases = scaled(1_000, 100_000)
const matterCrypto = new StandardCrypto()

/** The test signer that the SDK publishes; both sides know it. */
const testKey = p256FromEncoded({
  octets: readFileSync(
    new URL('../vectors/matter/pem/Chip-Test-CD-Signing-Key.pem', import.meta.url),
  ),
})
const signerKeyId = declarationSigners.find(({ trust }) => trust === 'test')?.keyId

describe(`matter.js, ${cases} certification declarations drawn with seed ${testSeed},`, () => {
  it('reads the declarations that we built, and verifies them', async () => {
    const draw = new Draw(`our declarations ${testSeed}`)
    const problems: string[] = []
    for (let index = 0; index < cases; index++) {
      const declaration = drawDeclaration(draw)
      const theirs = await readThere(await buildHere(declaration))
      problems.push(
        ...differences(`seed ${testSeed}, case ${index}`, theirs, fieldsOf(declaration)),
      )
    }
    expect(shown(problems)).toEqual([])
  })

  it('builds declarations that we read, and whose signature holds', async () => {
    const draw = new Draw(`their declarations ${testSeed}`)
    using scalar = p256ScalarOf(testKey)
    const key = PrivateKey(Uint8Array.from(scalar.reveal()))
    const problems: string[] = []
    for (let index = 0; index < cases; index++) {
      const declaration = drawSmallDeclaration(draw)
      const built = new MatterDeclaration(contentOf(declaration), keyId())
      const result = verifyDeclaration(octetsOf(await built.asSignedAsn1(matterCrypto, key)), {
        policy: 'test',
      })
      const read = result.ok ? fieldsOf(result.declaration) : { verdict: result.check }
      problems.push(...differences(`seed ${testSeed}, case ${index}`, read, fieldsOf(declaration)))
    }
    expect(shown(problems)).toEqual([])
  })

  it('would be told apart by each field', async () => {
    const declaration = { ...drawDeclaration(new Draw(`control ${testSeed}`)), vendorId: 0xfff1 }
    const changes: Readonly<Record<string, Partial<CertificationDeclaration>>> = {
      vendorId: { vendorId: 0xfff2 },
      productIds: { productIds: [...declaration.productIds.slice(1), 0] },
      certificateId: { certificateId: 'CSA00000SWC00000-00' },
      certificationType: { certificationType: 2 },
      dacOrigin: { dacOrigin: { vendorId: 0, productId: 0 } },
      authorizedPaas: { authorizedPaas: [new Uint8Array(20)] },
    }
    for (const [field, change] of Object.entries(changes)) {
      const theirs = await readThere(await buildHere({ ...declaration, ...change }))
      const found = differences('control', theirs, fieldsOf(declaration))
      expect(found).toEqual([expect.stringMatching(`^control: ${field} is `)])
    }
  })

  it('refuses a declaration whose content was changed behind its signature', async () => {
    const declaration = drawDeclaration(new Draw(`forged ${testSeed}`))
    const der = await buildHere({ ...declaration, certificateId: 'CSA00000SWC00000-00' })
    const forged = Buffer.from(der).toString('latin1').replace('SWC00000-00', 'SWC00000-01')
    await expect(readThere(Uint8Array.from(Buffer.from(forged, 'latin1')))).rejects.toThrow(
      'Signature verification failed',
    )
  })
})

function keyId(): Uint8Array<ArrayBuffer> {
  if (signerKeyId === undefined) throw new Error('the test signer is not among the published ones')
  return Uint8Array.from(signerKeyId)
}

function buildHere(declaration: CertificationDeclaration): Promise<Uint8Array> {
  return buildDeclaration({
    declaration,
    signer: keyPairSigner(testKey),
    signerKeyId: keyId(),
  })
}

/** What the other side reads; its error where it refuses, also because of the signature. */
async function readThere(der: Uint8Array): Promise<Fields> {
  const parsed = MatterDeclaration.parse(Uint8Array.from(der))
  const { publicKey } = MatterDeclaration.testSignerInfo()
  await matterCrypto.verifyEcdsa(PublicKey(publicKey), parsed.signedData, parsed.signature)
  const { content } = parsed
  const origin = content.dacOriginVendorId
  return {
    ...fieldsOf({
      ...content,
      productIds: content.produceIdArray,
      dacOrigin:
        origin === undefined
          ? undefined
          : { vendorId: origin, productId: content.dacOriginProductId ?? -1 },
      authorizedPaas: content.authorizedPaaList?.map(octetsOf),
    }),
    signerKeyId: toHex(octetsOf(parsed.signerSubjectKeyId)),
  }
}

/** Within the 600 octets that the other side writes at most. */
function drawSmallDeclaration(draw: Draw): CertificationDeclaration {
  const { productIds, authorizedPaas, ...declaration } = drawDeclaration(draw)
  return {
    ...declaration,
    productIds: productIds.slice(0, 30),
    ...(authorizedPaas === undefined ? {} : { authorizedPaas: authorizedPaas.slice(0, 4) }),
  }
}

type MatterContent = ConstructorParameters<typeof MatterDeclaration>[0]

function contentOf(declaration: CertificationDeclaration): MatterContent {
  const { productIds, dacOrigin, authorizedPaas, vendorId, ...same } = declaration
  return {
    ...same,
    vendorId: VendorId(vendorId),
    produceIdArray: [...productIds],
    ...(dacOrigin === undefined
      ? {}
      : {
          dacOriginVendorId: VendorId(dacOrigin.vendorId),
          dacOriginProductId: dacOrigin.productId,
        }),
    ...(authorizedPaas === undefined
      ? {}
      : { authorizedPaaList: authorizedPaas.map((paa) => Uint8Array.from(paa)) }),
  }
}

function fieldsOf(declaration: CertificationDeclaration): Fields {
  const { productIds, dacOrigin, authorizedPaas } = declaration
  return {
    formatVersion: String(declaration.formatVersion),
    vendorId: String(declaration.vendorId),
    productIds: productIds.join(' '),
    deviceTypeId: String(declaration.deviceTypeId),
    certificateId: declaration.certificateId,
    securityLevel: String(declaration.securityLevel),
    securityInformation: String(declaration.securityInformation),
    versionNumber: String(declaration.versionNumber),
    certificationType: String(declaration.certificationType),
    dacOrigin: dacOrigin === undefined ? 'none' : `${dacOrigin.vendorId} ${dacOrigin.productId}`,
    authorizedPaas: authorizedPaas?.map(toHex).join(' ') ?? 'none',
  }
}
