import { toHex } from '@keyline/bytes'
import {
  declarationSigners,
  parseDeclaration,
  verifyDeclaration,
  type CertificationDeclaration,
} from '@keyline/matter'
import { attributeText, Oid, parseCertificate, parseSignedData, readName } from '@keyline/x509'
import { p256FromScalar } from '@keyline/crypto'
import type { CaseResult, VectorCheck } from './case.ts'
import { describeCertificate } from './matter-certificates.ts'
import { casesOf, compared, VectorReader } from './vector-reader.ts'

/** Certification declarations and their signers (`cd/certification-declarations.json`, `cd/signers.json`). */
export const check: VectorCheck = async (file) => {
  if (file.path.endsWith('certification-declarations.json')) {
    return casesOf(file).map(declarationCase)
  }
  if (file.path.endsWith('signers.json')) {
    const scalar = new VectorReader(file.path, file.json).octets('testSigningPrivateKey')
    const testPoint = toHex(p256FromScalar(scalar).publicKey.point)
    return casesOf(file).map((vector) => signerCase(vector, testPoint))
  }
  throw new TypeError(`${file.path} is no file of cd vectors that is known here`)
}

/** The verdict; of a valid declaration also the envelope and every member. */
function declarationCase(vector: VectorReader): CaseResult {
  const cms = vector.octets('cms')
  const verified = verifyDeclaration(cms, { policy: 'test' })
  const verdict = verified.ok ? 'valid' : verified.check
  if (!vector.flag('valid')) return compared(vector.id, vector.text('problem'), verdict)
  const { content, signers } = parseSignedData(cms)
  const [signer] = signers
  const actual = {
    signerSkid: signer === undefined ? null : toHex(signer.sid.content),
    signature: signer === undefined ? null : toHex(signer.signature),
    content: content === undefined ? null : toHex(content),
    elements: elementsOf(parseDeclaration(cms).declaration),
    verdict,
  }
  const expected = {
    ...Object.fromEntries(Object.keys(actual).map((name) => [name, vector.raw(name)])),
    verdict: 'valid',
  }
  return compared(vector.id, JSON.stringify(expected), JSON.stringify(actual))
}

/** The certificate's members, and whether the key may sign declarations. The root of the official signers may not. */
function signerCase(vector: VectorReader, testPoint: string): CaseResult {
  const certificate = parseCertificate(vector.octets('der'))
  const names = readName(certificate.subject)
  const commonName = names.find(({ type }) => type === Oid.commonName)
  const skid = vector.text('skid')
  const known = declarationSigners.find(({ keyId }) => toHex(keyId) === skid)
  const isRoot = vector.id.includes('Root')
  const actual = {
    commonName: commonName === undefined ? null : attributeText(commonName),
    ...describeCertificate(certificate),
    policy: known?.trust ?? 'none',
    knownKey: known === undefined ? null : toHex(known.publicKey.point),
    isTestKey: vector.text('publicKey') === testPoint,
  }
  const expected = {
    ...Object.fromEntries(Object.keys(actual).map((name) => [name, vector.raw(name)])),
    policy: isRoot ? 'none' : vector.text('policy'),
    knownKey: isRoot ? null : vector.text('publicKey'),
    isTestKey: vector.text('policy') === 'test',
  }
  return compared(vector.id, JSON.stringify(expected), JSON.stringify(actual))
}

/** Members under the names of the specification, in its order. */
function elementsOf(declaration: CertificationDeclaration): Readonly<Record<string, unknown>> {
  const { authorizedPaas, dacOrigin } = declaration
  return {
    format_version: declaration.formatVersion,
    vendor_id: declaration.vendorId,
    product_id_array: declaration.productIds,
    device_type_id: declaration.deviceTypeId,
    certificate_id: declaration.certificateId,
    security_level: declaration.securityLevel,
    security_information: declaration.securityInformation,
    version_number: declaration.versionNumber,
    certification_type: declaration.certificationType,
    ...(dacOrigin && {
      dac_origin_vendor_id: dacOrigin.vendorId,
      dac_origin_product_id: dacOrigin.productId,
    }),
    ...(authorizedPaas && { authorized_paa_list: authorizedPaas.map(toHex) }),
  }
}
