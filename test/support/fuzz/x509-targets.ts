import { equalOctets } from '@keyline/bytes'
import {
  assertStrictDer,
  attributeText,
  derLimits,
  isEcdsaSignature,
  parseCertificate,
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

function extensionValues(oid: string): readonly Uint8Array[] {
  return certificates().flatMap((der) =>
    parseCertificate(der)
      .extensions.filter((extension) => extension.oid === oid)
      .map(({ value }) => value),
  )
}
