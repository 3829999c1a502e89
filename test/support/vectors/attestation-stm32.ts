import { concat, toHex } from '@keyline/bytes'
import { p256PublicKey, sha256, verifyDigest } from '@keyline/crypto'
import { decodeStSample } from '@keyline/eat'
import {
  certificateKinds,
  encodeContainer,
  isSoundContainer,
  keyBufferIn,
  rebuildCertificate,
  type CertificateKindName,
} from '@keyline/psa'
import {
  attributeText,
  isEcdsaSignature,
  isSignedBy,
  parseCertificate,
  pemDecode,
  readName,
} from '@keyline/x509'
import { caseOf, comparedMembers, curveKeyOf } from './attestation-case.ts'
import { canonical } from './canonical.ts'
import type { CaseResult, VectorCheck } from './case.ts'
import type { VectorReader } from './vector-reader.ts'

/** Parts of an STM32: certificates rebuilt from system flash, the exported container, the token of ST's sample. */
export const check: VectorCheck = async (file) => {
  const vector = caseOf(file)
  const input = vector.object('input')
  switch (vector.text('check')) {
    case 'dua-certificate':
      return [duaCertificate(vector, input)]
    case 'ca-certificate':
      return [caCertificate(vector, input)]
    case 'rsse-container':
      return [container(vector, input)]
    case 'st-sample-token':
      return [stSample(vector, input)]
    default:
      throw new TypeError(`the check ${vector.text('check')} is not known`)
  }
}

function duaCertificate(vector: VectorReader, input: VectorReader): CaseResult {
  const id = input.number('cert_id')
  const kind: CertificateKindName = id === 1 ? 'u3-user-fu' : 'u3-user-lu'
  const rebuilt = rebuildCertificate(input.octets('system_flash_pack2_hex'), kind)
  if (rebuilt.status !== 1) throw new TypeError('the certificate cannot be rebuilt')
  const der = rebuilt.certificate
  const certificate = parseCertificate(der)
  const authority = parseCertificate(input.octets('ca_certificate_der_hex'))
  const isValid =
    authority.publicPoint !== undefined &&
    isSignedBy(certificate, p256PublicKey(authority.publicPoint))
  const { publicKey, signature, serial } = certificateKinds[kind]
  const asked = input.has('offsets') ? input.raw('offsets') : undefined
  const own = { public_key: publicKey, signature, serial }
  if (asked !== undefined && canonical(asked) !== canonical(own)) {
    return { id: vector.id, ok: false, expected: canonical(asked), actual: canonical(own) }
  }
  return comparedMembers(vector, {
    certificate_der_hex: () => toHex(der),
    certificate_length: () => der.length,
    tbs_length: () => certificate.tbs.length - 4,
    subject: () => nameText(certificate.subject),
    issuer: () => nameText(certificate.issuer),
    serial_hex: () => toHex(certificate.serialNumber),
    not_before: () => timeText(certificate.notBefore),
    not_after: () => timeText(certificate.notAfter),
    chain_valid: () => isValid,
    reason: () => (isValid ? undefined : 'E_X509_SIGNATURE'),
  })
}

/** An authority of ST, whose own signature may stand as it is where X.509 wants DER. */
function caCertificate(vector: VectorReader, input: VectorReader): CaseResult {
  const der = pemDecode(input.text('pem'), 'CERTIFICATE')
  const certificate = parseCertificate(der)
  const point = certificate.publicPoint ?? new Uint8Array()
  const { octets } = certificate.signature
  const isDer = isEcdsaSignature(octets)
  const isOwn = isDer
    ? isSignedBy(certificate, p256PublicKey(point))
    : verifyDigest({
        curve: 'P-256',
        publicKey: point.subarray(1),
        digest: sha256(certificate.tbs),
        signature: octets,
      })
  const encoding = isDer
    ? 'DER SEQUENCE'
    : `raw r||s (${octets.length} bytes) inside the BIT STRING - not the DER SEQUENCE of X.509`
  if (toHex(der) !== input.text('der_hex')) {
    return { id: vector.id, ok: false, expected: input.text('der_hex'), actual: toHex(der) }
  }
  return comparedMembers(vector, {
    subject: () => nameText(certificate.subject).split(',').toReversed().join(', '),
    signature_encoding: () => encoding,
    self_signature_verifies: () => isOwn,
    public_key_uncompressed_hex: () => toHex(point),
    sha256_of_public_key: () => toHex(sha256(point)),
  })
}

function container(vector: VectorReader, input: VectorReader): CaseResult {
  const blob = input.octets('blob_hex')
  const buffer = keyBufferIn(blob, 32)
  const rebuilt = encodeContainer({
    keyKind: 'LU',
    iv: buffer.subarray(0, 16),
    tag: buffer.subarray(16, 32),
    wrappedKey: buffer.subarray(32),
  })
  if (!isSoundContainer(blob, 32) || toHex(rebuilt) !== toHex(blob)) {
    return { id: vector.id, ok: false, expected: toHex(blob), actual: toHex(rebuilt) }
  }
  return comparedMembers(vector, {
    length: () => rebuilt.length,
    kwe_key_buffer_hex: () => toHex(buffer),
    iv_first_word_is_2: () => toHex(buffer.subarray(0, 4)) === '02000000',
  })
}

function stSample(vector: VectorReader, input: VectorReader): CaseResult {
  const token = concat(input.octets('structure_hex'), input.octets('signature_hex'))
  const { signed, signature, ...fields } = decodeStSample(token)
  const digest = sha256(signed)
  const publicKey = curveKeyOf(vector.object('key')).octets
  const offsetOf = (field: Uint8Array) => field.byteOffset - token.byteOffset
  return comparedMembers(vector, {
    structure_length: () => signed.length,
    sha256_hex: () => toHex(digest),
    signature_verifies: () => verifyDigest({ curve: 'P-256', publicKey, digest, signature }),
    offsets: () => ({
      challenge: offsetOf(fields.challenge),
      boot_seed: offsetOf(fields.bootSeed),
      instance_id: offsetOf(fields.instanceId),
      implementation_id: offsetOf(fields.implementationId),
      padding: offsetOf(fields.implementationId) + fields.implementationId.length,
      client_id: offsetOfNumber(signed, fields.clientId),
      security_lifecycle: offsetOfNumber(signed, fields.securityLifecycle),
      firmware_version: offsetOfNumber(signed, fields.firmwareVersion),
      measurements: offsetOf(fields.measurement),
      signed_id: offsetOf(fields.signerId),
      device_id: offsetOf(fields.deviceId),
      signature: offsetOf(signature),
    }),
  })
}

/** Where a number of the packed structure stands: the first place at four octets that holds it. */
function offsetOfNumber(signed: Uint8Array, value: number): number {
  const view = new DataView(signed.buffer, signed.byteOffset, signed.length)
  for (let offset = 132; offset < signed.length; offset += 4) {
    if (view.getUint32(offset, true) === value >>> 0) return offset
  }
  return -1
}

const shortNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.10': 'O',
}

/** RFC 4514: the last attribute first. */
function nameText(der: Uint8Array): string {
  return readName(der)
    .map(
      (attribute) => `${shortNames[attribute.type] ?? attribute.type}=${attributeText(attribute)}`,
    )
    .toReversed()
    .join(',')
}

function timeText(time: Readonly<Date>): string {
  return time.toISOString().replace('.000', '')
}
