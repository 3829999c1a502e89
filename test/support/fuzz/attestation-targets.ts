import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { equalOctets, fromHex, isKeylineError, parseJson } from '@keyline/bytes'
import {
  annotateCbor,
  bootComponents,
  cborDiagnostic,
  claimsToJson,
  componentEntry,
  decodeCbor,
  decodeCorim,
  decodeEar,
  decodeSignedCorim,
  decodeToken,
  earToJson,
  encodeBootRecord,
  encodeCbor,
  encodeClaims,
  encodeEar,
  encodeEnvelope,
  inspectToken,
  parseEnvelope,
  readClaims,
  readClaimsJson,
  readComid,
  readEar,
  readHeaders,
  readPsaStatements,
} from '@keyline/eat'
import { decode as decodeElsewhere } from 'cborg'
import { comparableCbor } from './cbor-elsewhere.ts'
import { expectLaw, textTarget, type FuzzDecoder } from './target.ts'

/** Everything on the way of a token, an endorsement or a result from octets to meaning. */
export const attestationDecoders: readonly FuzzDecoder[] = [
  {
    name: 'CBOR',
    targets: [
      {
        name: 'cbor',
        seeds: () => [...octetsOf('tokens-valid'), ...payloads(), ...octetsOf('comid')],
        run: (octets) => {
          const value = decodeCbor(octets)
          const written = encodeCbor(value)
          const again = decodeCbor(written)
          expectLaw(cborDiagnostic(again) === cborDiagnostic(value), 'CBOR is read back')
          expectLaw(equalOctets(encodeCbor(again), written), 'CBOR encodes back')
        },
      },
      {
        name: 'cbor-elsewhere',
        seeds: payloads,
        run: likeElsewhere,
      },
      {
        name: 'cbor-annotated',
        seeds: () => octetsOf('tokens-valid'),
        run: (octets) => {
          const { lines, defect } = annotateCbor(octets, { maxLength: octets.length })
          expectLaw(lines.length <= octets.length, 'each line stands for an octet at least')
          if (defect !== undefined) throw defect
        },
      },
    ],
  },
  {
    name: 'COSE',
    targets: [
      {
        name: 'cose',
        seeds: () => [...octetsOf('tokens-valid'), ...octetsOf('cose-sign1'), ...macs()],
        run: (octets) => {
          const envelope = parseEnvelope(octets, { untagged: 'sign1' })
          readHeaders(envelope)
          const { payload } = envelope
          if (payload === undefined) return
          const again = parseEnvelope(encodeEnvelope({ ...envelope, payload }))
          expectLaw(equalOctets(again.signature, envelope.signature), 'COSE encodes back')
        },
      },
    ],
  },
  {
    name: 'token',
    targets: [
      {
        name: 'eat-token',
        seeds: () => octetsOf('tokens-derived-valid'),
        run: (octets) => {
          const inspected = inspectToken(octets)
          const { claims } = decodeToken(octets)
          expectLaw(inspected.findings.length === 0, 'nothing is found against a good token')
          const again = readClaims(encodeClaims(claims)).claims
          const isSame =
            again !== undefined &&
            JSON.stringify(claimsToJson(again)) === JSON.stringify(claimsToJson(claims))
          expectLaw(isSame, 'claims are read back')
        },
      },
      textTarget(
        'claims-json',
        () => octetsOf('tokens-valid').map((octets) => claimsJson(octets)),
        (text) => {
          const json = parseJson(text, 'claims')
          const { claims } = readClaimsJson(json, 'PSA_IOT_PROFILE_1')
          if (claims !== undefined) encodeClaims(claims)
        },
      ),
      {
        name: 'boot-record',
        seeds: bootRecords,
        run: (octets) => {
          const components = bootComponents(octets)
          const entries = components.map((component) => componentEntry(0, component))
          const again = bootComponents(encodeBootRecord(entries))
          expectLaw(again.length === components.length, 'components are handed on')
        },
      },
    ],
  },
  {
    name: 'CoRIM',
    targets: [
      {
        name: 'corim',
        seeds: () => octetsOf('corim', () => true).filter(isPsaCorim),
        run: (octets) => [...readPsaStatements(decodeCorim(octets))].length,
      },
      { name: 'comid', seeds: comids, run: (octets) => [...readComid(octets)].length },
      {
        name: 'signed-corim',
        seeds: () =>
          octetsOf('corim', () => true).filter((octets) =>
            isAccepted(() => decodeSignedCorim(octets)),
          ),
        run: (octets) => decodeSignedCorim(octets),
      },
      {
        name: 'ear-cbor',
        seeds: () => octetsOf('ear'),
        run: (octets) => {
          const written = encodeEar(decodeEar(octets))
          expectLaw(equalOctets(encodeEar(decodeEar(written)), written), 'results encode back')
        },
      },
      textTarget(
        'ear-json',
        () => octetsOf('ear').map((octets) => JSON.stringify(earToJson(decodeEar(octets)))),
        (text) => earToJson(readEar(parseJson(text, 'result'))),
      ),
    ],
  },
]

interface VectorCase {
  readonly kind: string
  readonly input: Readonly<Record<string, unknown>>
}

const vectors = join(import.meta.dirname, '../../vectors/attestation')

/** The octets of the good cases of a folder. */
function octetsOf(
  folder: string,
  isWanted: (one: VectorCase) => boolean = ({ kind }) => kind === 'valid',
): readonly Uint8Array[] {
  return readdirSync(join(vectors, folder))
    .filter((name) => name.endsWith('.json') && name !== 'index.json')
    .flatMap((name) => {
      const one: VectorCase = JSON.parse(readFileSync(join(vectors, folder, name), 'utf8'))
      const { cose_hex, payload_hex, cbor_hex } = one.input
      const hex = cose_hex ?? cbor_hex ?? payload_hex
      return isWanted(one) && typeof hex === 'string' ? [fromHex(hex)] : []
    })
}

function payloads(): readonly Uint8Array[] {
  return octetsOf('claims-cbor')
}

function macs(): readonly Uint8Array[] {
  return octetsOf('cose-mac0').filter((octets) => octets[0] === 0xd1)
}

function comids(): readonly Uint8Array[] {
  return octetsOf('comid', () => true).filter((octets) => isAccepted(() => [...readComid(octets)]))
}

function isPsaCorim(octets: Uint8Array): boolean {
  return isAccepted(() => [...readPsaStatements(decodeCorim(octets))])
}

function isAccepted(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch (error) {
    if (isKeylineError(error)) return false
    throw error
  }
}

function claimsJson(token: Uint8Array): string {
  return JSON.stringify(claimsToJson(decodeToken(token).claims))
}

/** A shared area with the components of each token. */
function bootRecords(): readonly Uint8Array[] {
  return octetsOf('tokens-valid').map((octets) => {
    const { softwareComponents } = decodeToken(octets).claims
    return encodeBootRecord(softwareComponents.map((component) => componentEntry(1, component)))
  })
}

/** Another decoder reads the same, and what is cut for the one is not whole for the other. */
function likeElsewhere(octets: Uint8Array): void {
  try {
    const ours = comparableCbor(decodeCbor(octets, { maxLength: octets.length }))
    if (ours === undefined) return
    const theirs: unknown = decodeElsewhere(octets, { useMaps: true, allowIndefinite: false })
    expectLaw(ours === comparableCbor(theirs), 'another decoder reads the same')
  } catch (error) {
    if (!isKeylineError(error)) throw error
    if (error.code !== 'E_CBOR_TRUNCATED' && error.code !== 'E_CBOR_TRAILING') throw error
    expectLaw(!isWholeElsewhere(octets), 'another decoder finds it cut too')
    throw error
  }
}

function isWholeElsewhere(octets: Uint8Array): boolean {
  try {
    decodeElsewhere(octets, { useMaps: true, allowIndefinite: false })
    return true
  } catch {
    return false
  }
}
