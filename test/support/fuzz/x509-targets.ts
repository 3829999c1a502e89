import { equalOctets } from '@keyline/bytes'
import {
  isEcdsaSignature,
  parseCertificate,
  parseRequest,
  parseSignedData,
  pemDecode,
  pemEncode,
} from '@keyline/x509'
import { expectLaw, textTarget, type FuzzTarget } from './target.ts'
import { vectorHex, vectorOctets } from './vector-seeds.ts'

export const x509Targets: readonly FuzzTarget[] = [
  { name: 'certificate', seeds: certificates, run: (octets) => parseCertificate(octets) },
  {
    name: 'request',
    seeds: () => vectorHex('matter/csr/requests.json', 'csrDer'),
    run: (octets) => parseRequest(octets),
  },
  {
    name: 'signed-data',
    seeds: () => vectorHex('matter/cd/certification-declarations.json', 'cms'),
    run: (octets) => parseSignedData(octets),
  },
  {
    name: 'ecdsa-signature',
    seeds: () => vectorHex('matter/csr/issue.json', 'signature'),
    run: (octets) => isEcdsaSignature(octets),
  },
  textTarget(
    'pem',
    () => certificates().map((der) => pemEncode('CERTIFICATE', der)),
    (text) => {
      const der = pemDecode(text, 'CERTIFICATE')
      const again = pemDecode(pemEncode('CERTIFICATE', der), 'CERTIFICATE')
      expectLaw(equalOctets(again, der), 'PEM encodes back')
    },
  ),
]

function certificates(): readonly Uint8Array[] {
  return [
    'Chip-Test-PAA-FFF1-Cert.der',
    'Chip-Test-PAI-FFF1-8000-Cert.der',
    'Matter-Development-DAC-FFF1-8004-Cert.der',
  ].map((file) => vectorOctets(`matter/pem/${file}`))
}
