import { encodeUtf8, equalOctets, toHex, type Finding } from '@keyline/bytes'
import type { Certificate } from '@keyline/x509'
import { authorityKeyIdOf, subjectKeyIdOf } from '../certificate/link.ts'
import { CertificationType } from '../declaration/content.ts'
import type { ParsedDeclaration } from '../declaration/parse.ts'
import { declarationSigners } from '../declaration/signers.ts'
import type { FactoryData, FactoryDataField } from './factory-data.ts'
import { factoryDataFinding } from './rules.ts'

/** What was parsed on the way and is asked again here. */
export interface ProductionContext {
  readonly declaration: ParsedDeclaration | undefined
  readonly dac: Certificate | undefined
  readonly pai: Certificate | undefined
}

/** Key identifiers of the published test authorities (PAA, then PAI) whose private keys everybody has. */
const publicAuthorities: ReadonlySet<string> = new Set([
  '6afd22771f511fecbf1641976710dcdc31a1717e',
  '7f1daaf24498b986680ea08fc18921e848489d17',
  '9bb299bba6497db5a04e1e18c7c20eaec54c42e9',
  '785ce705b86b8f4e6fc793aa60cb43ea696882d5',
  'fa92cf095efa42e11430651632fefe1b2c77a7c8',
  'af42b7094debd515ec6ecf33b81115225f325288',
  'd05a9b6771a1a37a9bc19d95e8b5db8f4300b63a',
  'db77d25b636d0438a1921c4152103eeae2c43b07',
  '156ecd8c14be80b410aee402a3f23317e7340674',
  'b30e9053426f020d13911b03cb578dcb4aab9a52',
  '2938bac7f623e1832643a5eb762bafd40a62c021',
  'dad4676f506d4543db9476d618691c6749728d08',
  '3c2886d028548700502f894bda0982b9d9705eb0',
  '0a6fabbde277fd19f6465125629158ac3ab3a4e2',
  '613dd087355ef08bae01e4c69a8fc73dac8c7dfd',
  '19fa94749329da740f556a333fb51373d7081756',
  '63540e47f64b1c38d13884a462d16c195d8ffb3c',
  'ab5fa33b39ff28d7380abb5607378ff0ef7b8bd6',
  '349742e6157f7fd0149c5532b69b7e2c88e4a76b',
])

const stockSalt = encodeUtf8('SPAKE2P Key Salt')

/** FD-011 and FD-049: what must not leave a production line. The passcode is never shown. */
export function checkProduction(data: FactoryData, context: ProductionContext): readonly Finding[] {
  const findings: Finding[] = []
  const report = (field: FactoryDataField, message: string, value?: string): void => {
    findings.push(factoryDataFinding({ rule: 'FD-011', field, value, message }))
  }
  const { vendorId } = data
  if (vendorId !== undefined && vendorId >= 0xfff1 && vendorId <= 0xfff4) {
    report('vendorId', 'a test vendor id', `0x${vendorId.toString(16).toUpperCase()}`)
  }
  const { declaration } = context
  if (declaration !== undefined) {
    if (isTestSigner(declaration.signerKeyId)) {
      report('certificationDeclaration', 'signed with the test key of the SDK')
    }
    if (declaration.declaration.certificationType === CertificationType.development) {
      report('certificationDeclaration', 'certification type 0, development and test')
    }
  }
  if (context.dac !== undefined && isPublic(authorityKeyIdOf(context.dac))) {
    report('dacCertificate', 'issued by an authority of the public test set')
  }
  const { pai } = context
  if (pai !== undefined && (isPublic(subjectKeyIdOf(pai)) || isPublic(authorityKeyIdOf(pai)))) {
    report('paiCertificate', 'an authority of the public test set, or issued by one')
  }
  if (data.serialNumber === 'TEST_SN') {
    report('serialNumber', 'the serial number of the stock file', data.serialNumber)
  }
  if (data.salt !== undefined && equalOctets(data.salt, stockSalt)) {
    report('salt', 'the salt of the stock file')
  }
  if (data.passcode === 20_202_021) report('passcode', 'the passcode of the stock file')
  if (data.passcode !== undefined) {
    const message = 'the passcode is stored, but the verifier would do'
    findings.push(factoryDataFinding({ rule: 'FD-049', field: 'passcode', message }))
  }
  return findings
}

function isTestSigner(keyId: Uint8Array): boolean {
  return declarationSigners.some(
    (signer) => signer.trust === 'test' && equalOctets(signer.keyId, keyId),
  )
}

function isPublic(keyId: Uint8Array | undefined): boolean {
  return keyId !== undefined && publicAuthorities.has(toHex(keyId))
}
