import { equalOctets } from '@keyline/bytes'
import {
  assertStrictDer,
  attributeText,
  buildCertsOnly,
  derBitString,
  derInteger,
  derLimits,
  derOctetString,
  derOid,
  derSequence,
  DerTag,
  derTagged,
  derTime,
  derValue,
  isEcdsaSignature,
  Oid,
  parseCertificate,
  parseCertsOnly,
  parseCrl,
  parseRequest,
  parseSignedData,
  pemDecode,
  pemEncode,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readKeyUsage,
  readName,
  readSubjectKeyIdentifier,
} from '@keyline/x509'
import { expectLaw, textTarget, type FuzzDecoder } from './target.ts'
import { vectorHex, vectorOctets } from './vector-seeds.ts'

export const x509Decoders: readonly FuzzDecoder[] = [
  {
    name: 'DER',
    targets: [
      {
        name: 'der',
        seeds: certificates,
        run: (octets) => assertStrictDer(octets, derLimits.signedData),
      },
      {
        name: 'ecdsa-signature',
        seeds: () => vectorHex('matter/csr/issue.json', 'signature'),
        run: (octets) => isEcdsaSignature(octets),
      },
    ],
  },
  {
    name: 'name and extensions',
    targets: [
      {
        name: 'name',
        seeds: () => certificates().map((der) => parseCertificate(der).subject),
        run: (octets) => readName(octets).map(attributeText),
      },
      {
        name: 'basic-constraints',
        seeds: () => extensionValues('2.5.29.19'),
        run: (octets) => readBasicConstraints(octets),
      },
      {
        name: 'key-usage',
        seeds: () => extensionValues('2.5.29.15'),
        run: (octets) => readKeyUsage(octets),
      },
      {
        name: 'subject-key-identifier',
        seeds: () => extensionValues('2.5.29.14'),
        run: (octets) => readSubjectKeyIdentifier(octets),
      },
      {
        name: 'authority-key-identifier',
        seeds: () => extensionValues('2.5.29.35'),
        run: (octets) => readAuthorityKeyIdentifier(octets),
      },
    ],
  },
  {
    name: 'certificate',
    targets: [
      {
        name: 'certificate',
        seeds: certificates,
        run: (octets) => {
          const { subject, issuer, publicPoint } = parseCertificate(octets)
          readName(subject)
          readName(issuer)
          expectLaw(publicPoint === undefined || publicPoint.length === 65, 'a key is a point')
        },
      },
    ],
  },
  {
    name: 'request',
    targets: [
      {
        name: 'request',
        seeds: () => vectorHex('matter/csr/requests.json', 'csrDer'),
        run: (octets) => parseRequest(octets),
      },
    ],
  },
  {
    name: 'signed data',
    targets: [
      {
        name: 'signed-data',
        seeds: () => vectorHex('matter/cd/certification-declarations.json', 'cms'),
        run: (octets) => parseSignedData(octets),
      },
      {
        name: 'certs-only',
        seeds: () => [buildCertsOnly(certificates())],
        run: (octets) => {
          const certificates = parseCertsOnly(octets).map(({ der }) => der)
          const again = parseCertsOnly(buildCertsOnly(certificates))
          expectLaw(again.length === certificates.length, 'every certificate is written again')
        },
      },
    ],
  },
  {
    name: 'revocation list',
    targets: [
      {
        name: 'crl',
        seeds: revocationLists,
        run: (octets) => {
          const crl = parseCrl(octets)
          expectLaw([...crl].length === crl.size, 'every counted entry can be read')
        },
      },
    ],
  },
  {
    name: 'PEM',
    targets: [
      textTarget(
        'pem',
        () => certificates().map((der) => pemEncode('CERTIFICATE', der)),
        (text) => {
          const der = pemDecode(text, 'CERTIFICATE')
          const again = pemDecode(pemEncode('CERTIFICATE', der), 'CERTIFICATE')
          expectLaw(equalOctets(again, der), 'PEM encodes back')
        },
      ),
    ],
  },
]

function certificates(): readonly Uint8Array[] {
  return [
    'Chip-Test-PAA-FFF1-Cert.der',
    'Chip-Test-PAI-FFF1-8000-Cert.der',
    'Matter-Development-DAC-FFF1-8004-Cert.der',
  ].map((file) => vectorOctets(`matter/pem/${file}`))
}

/** Two lists put together by hand: one with nothing but its head, one with entries and extensions. */
function revocationLists(): readonly Uint8Array[] {
  const [paa] = certificates()
  const { subject } = parseCertificate(paa ?? new Uint8Array())
  const algorithm = derSequence(derOid(Oid.ecdsaWithSha256))
  const time = derTime(new Date('2026-01-01T00:00:00Z'))
  const head = [derInteger(1), algorithm, subject, time]
  const reason = extension(Oid.reasonCode, derValue(DerTag.enumerated, Uint8Array.of(1)))
  const entry = derSequence(derInteger(5), time, derSequence(reason))
  const number = derTagged(0, derSequence(extension(Oid.crlNumber, derInteger(7))))
  const list = (...members: readonly Uint8Array[]): Uint8Array =>
    derSequence(derSequence(...members), algorithm, derBitString(Uint8Array.of(0)))
  return [list(...head), list(...head, time, derSequence(entry, entry), number)]
}

function extension(oid: string, value: Uint8Array): Uint8Array {
  return derSequence(derOid(oid), derOctetString(value))
}

function extensionValues(oid: string): readonly Uint8Array[] {
  return certificates().flatMap((der) =>
    parseCertificate(der)
      .extensions.filter((extension) => extension.oid === oid)
      .map(({ value }) => value),
  )
}
