import { encodeUtf8, equalOctets, parseJson, seededRandom } from '@keyline/bytes'
import {
  decodeAttestationElements,
  decodeDeclarationContent,
  decodeImage,
  decodeTlv,
  encodeAttestationElements,
  encodeDeclarationContent,
  encodeTlv,
  factoryDataToExtendedJson,
  matterIds,
  MatterError,
  parseExtendedJson,
  parseStJson,
  profileViolations,
  readBatch,
  readRevocationSet,
  readWithStReader,
  Tag,
  verifyDeclaration,
} from '@keyline/matter'
import { parseCertificate } from '@keyline/x509'
import { expectLaw, textTarget, type FuzzDecoder } from './target.ts'
import { vectorHex, vectorOctets, vectorSetting } from './vector-seeds.ts'

/** Factory data and attestation. */
export const matterDecoders: readonly FuzzDecoder[] = [
  {
    name: 'TLV',
    targets: [
      {
        name: 'tlv',
        seeds: () => vectorHex('matter/tlv/elements.json', 'tlv'),
        run: (octets) => {
          expectLaw(equalOctets(encodeTlv(decodeTlv(octets)), octets), 'TLV encodes back')
        },
      },
    ],
  },
  {
    name: 'factory data image',
    targets: [
      { name: 'image', seeds: images, run: (octets) => decodeImage(octets) },
      {
        name: 'legacy-image',
        seeds: images,
        run: (octets) => decodeImage(octets, { legacy: true }),
      },
      {
        name: 'st-reader',
        seeds: images,
        run: (octets) => {
          for (const tag of Object.values(Tag)) readWithStReader(octets, tag, 700)
        },
      },
    ],
  },
  {
    name: 'ST JSON',
    targets: [textTarget('st-json', stJson, (text) => parseStJson(text))],
  },
  {
    name: 'extended JSON',
    targets: [
      textTarget('extended-json', extendedJson, (text) => {
        return parseExtendedJson(text, { readFile: namedFile, random: seededRandom('extended') })
      }),
    ],
  },
  {
    name: 'batch',
    targets: [
      {
        name: 'batch-csv',
        seeds: () =>
          ['SERIAL_NUMBER,commissioning.salt\r\nA,00ff\r\n"B, ""2""",\n', 'device.vendorId\n1'].map(
            encodeUtf8,
          ),
        run: (octets) => expectSameRows(octets, 'csv'),
      },
      {
        name: 'batch-jsonl',
        seeds: () => [
          encodeUtf8('{"SERIAL_NUMBER":"A"}\n\n{"device":{"serialNumber":"B"},"SPAKE2_SALT":[]}'),
        ],
        run: (octets) => expectSameRows(octets, 'jsonl'),
      },
    ],
  },
  {
    name: 'certification declaration',
    targets: [
      {
        name: 'declaration',
        seeds: () => vectorHex(declarations, 'cms'),
        run: (octets) => verifyDeclaration(octets, { policy: 'test' }),
      },
      {
        name: 'declaration-content',
        seeds: () => vectorHex(declarations, 'content'),
        run: (octets) => {
          const again = encodeDeclarationContent(decodeDeclarationContent(octets))
          const twice = encodeDeclarationContent(decodeDeclarationContent(again))
          expectLaw(equalOctets(twice, again), 'the content of a declaration keeps its values')
        },
      },
    ],
  },
  {
    name: 'attestation elements',
    targets: [
      {
        name: 'attestation-elements',
        seeds: () =>
          vectorHex('matter/attestation/exchange.json', 'attestationElements').slice(0, 1),
        run: (octets) => {
          const again = encodeAttestationElements(decodeAttestationElements(octets))
          const twice = encodeAttestationElements(decodeAttestationElements(again))
          expectLaw(equalOctets(twice, again), 'attestation elements keep their values')
        },
      },
    ],
  },
  {
    name: 'certificate profile',
    targets: [
      {
        name: 'certificate-profile',
        seeds: () => vectorHex('matter/chains/dac.json', 'der'),
        run: (octets) => {
          const certificate = parseCertificate(octets)
          profileViolations(certificate, 'DAC')
          matterIds(certificate.subject)
        },
      },
    ],
  },
  {
    name: 'revocation set',
    targets: [
      textTarget(
        'revocation-set',
        () => [JSON.stringify(vectorSetting('matter/attestation/revocation-set.json', 'sets'))],
        (text) => readRevocationSet(parseJson(text, 'revocation set')),
      ),
    ],
  },
]

const declarations = 'matter/cd/certification-declarations.json'

/** A batch comes in pieces; where they are cut must not matter. Each row may take its time, so that only the first count. */
async function expectSameRows(input: Uint8Array, format: 'csv' | 'jsonl'): Promise<void> {
  const octets = input.subarray(0, 2048)
  const half = octets.length >> 1
  const whole = await rowsOf([octets], format)
  const halves = await rowsOf([octets.subarray(0, half), octets.subarray(half)], format)
  expectLaw(whole === halves, 'a batch reads the same from any pieces')
}

async function rowsOf(rows: readonly Uint8Array[], format: 'csv' | 'jsonl'): Promise<string> {
  const common = '{"VENDOR_ID":"1"}'
  const options = { readFile: namedFile, random: seededRandom('batch') }
  const read: unknown[] = []
  for await (const { row, set, findings } of readBatch({ common, rows, format }, options)) {
    read.push(row, set?.data, findings)
  }
  return JSON.stringify(read)
}

function images(): readonly Uint8Array[] {
  return [
    vectorOctets('matter/factory-data/full-fff1-8004.bin'),
    vectorOctets('matter/factory-data/provisioning-fff1-8004.bin'),
    ...vectorHex('matter/factory-data/encode.json', 'binary'),
  ]
}

function stJson(): readonly string[] {
  return [
    JSON.stringify({
      VENDOR_ID: '0xFFF1',
      PRODUCT_ID: '0x8004',
      VENDOR_NAME: 'STMicroelectronics',
      SERIAL_NUMBER: 'STM_SN_01',
      HARDWARE_VERSION: 1,
      SETUP_PASSCODE: 20202021,
    }),
  ]
}

/** Without an iteration count no verifier is derived: reading is what is measured. */
function extendedJson(): readonly string[] {
  const { data } = decodeImage(vectorOctets('matter/factory-data/full-fff1-8004.bin'))
  const read = { ...data, iterations: undefined }
  return [
    factoryDataToExtendedJson(read, { profile: 'wba', policy: 'test' }),
    JSON.stringify({
      format: 'matter-factory/1',
      commissioning: { discriminator: 'random', passcode: 'random', discovery: ['ble'] },
      info: { uniqueId: 'id', productUrl: 'https://example.com', primaryColor: 3 },
    }),
  ]
}

async function namedFile(name: string): Promise<Uint8Array> {
  throw new MatterError('FACTORY_DATA_FILE', `${name} is not there`)
}
