import { encodeUtf8 } from '@keyline/bytes'
import {
  checkRevocation,
  commonNameIds,
  prepareTrust,
  readRevocationSet,
  verifyAttestation,
  type RevocationSet,
  type Trust,
} from '@keyline/matter'
import { parseCertificate } from '@keyline/x509'
import type { CaseResult, VectorCheck, VectorFile } from './case.ts'
import { certificatesOf, jsonBeside } from './matter-certificates.ts'
import { casesOf, compared, VectorReader } from './vector-reader.ts'

const usualTime = '2026-06-01T00:00:00Z'
const usualTrustStore = ['Chip-Test-PAA-FFF1', 'Chip-Test-PAA-NoVID']

/** The commissioner's procedure (`attestation/dut-*.json`, `exchange.json`, `revocation.json`, `cn-fallback.json`). */
export const check: VectorCheck = async (file) => {
  if (file.path.endsWith('cn-fallback.json')) return casesOf(file).map(commonNameCase)
  if (file.path.endsWith('revocation.json')) {
    const json = await jsonBeside(file, 'matter/attestation/revocation-set.json')
    const set = readRevocationSet(new VectorReader('revocation-set.json', json).list('sets'))
    return casesOf(file).map((vector) => revocationCase(vector, set))
  }
  if (/(?:dut-\w+|exchange)\.json$/.test(file.path)) {
    const whole = new VectorReader(file.path, file.json)
    const trusts = {
      test: await trustOf(file, whole, 'test'),
      production: await trustOf(file, whole, 'production'),
    }
    const time = Date.parse(whole.has('evaluationTime') ? whole.text('evaluationTime') : usualTime)
    return casesOf(file).map((vector) => attestationCase(vector, trusts, time))
  }
  throw new TypeError(`${file.path} is no file of attestation vectors that is known here`)
}

function attestationCase(
  vector: VectorReader,
  trusts: Readonly<Record<'test' | 'production', Trust>>,
  time: number,
): CaseResult {
  const isProduction = vector.has('allowTestCdKey') && !vector.flag('allowTestCdKey')
  const result = verifyAttestation({
    dac: sentOctets(vector, 'dacDer'),
    pai: sentOctets(vector, 'paiDer'),
    elements: sentOctets(vector, 'attestationElements'),
    signature: sentOctets(vector, 'attestationSignature'),
    nonce: sentOctets(vector, 'attestationNonce'),
    challenge: sentOctets(vector, 'attestationChallenge'),
    basicInformation: {
      vendorId: vector.number('basicInfoVendorId'),
      productId: vector.number('basicInfoProductId'),
    },
    time: vector.has('evaluationTime') ? Date.parse(vector.text('evaluationTime')) : time,
    trust: isProduction ? trusts.production : trusts.test,
  })
  const expected = [
    vector.flag('commissionerAccepts'),
    vector.text('sdkResult'),
    vector.raw('firstFailedCheck'),
  ]
  const actual = [result.ok, result.sdkResult, result.ok ? null : result.label]
  return compared(vector.id, expected.join(' '), actual.join(' '))
}

/** Nothing where the vector says that the device left a part out. */
function sentOctets(vector: VectorReader, part: string): Uint8Array {
  const isSent = typeof vector.raw(part) === 'string'
  return isSent ? vector.octets(part) : Uint8Array.of()
}

function revocationCase(vector: VectorReader, set: RevocationSet): CaseResult {
  const dac = parseCertificate(vector.octets('dacDer'))
  const pai = parseCertificate(vector.octets('paiDer'))
  const { dacRevoked, paiRevoked, sdkResult } = checkRevocation({ dac, pai }, set)
  const expected = [vector.flag('dacRevoked'), vector.flag('paiRevoked'), vector.text('sdkResult')]
  return compared(vector.id, expected.join(' '), [dacRevoked, paiRevoked, sdkResult].join(' '))
}

function commonNameCase(vector: VectorReader): CaseResult {
  const ids = commonNameIds(encodeUtf8(vector.text('commonName')))
  const expected = [vector.flag('valid'), vector.raw('vendorId'), vector.raw('productId')]
  const actual = [ids.problem === undefined, ids.vendorId ?? null, ids.productId ?? null]
  return compared(vector.id, JSON.stringify(expected), JSON.stringify(actual))
}

/** The trust store that the file names, of the PAAs in the vectors of chains. */
async function trustOf(
  file: VectorFile,
  whole: VectorReader,
  policy: 'test' | 'production',
): Promise<Trust> {
  const names = whole.has('trustStore') ? whole.texts('trustStore') : usualTrustStore
  const certificates = await certificatesOf(file, 'matter/chains/paa-pai.json')
  const paas = names.map((name) => {
    const certificate = certificates.get(name)
    if (certificate === undefined) throw new TypeError(`the PAA ${name} is not in the vectors`)
    return certificate.der
  })
  return prepareTrust({ paas, policy })
}
