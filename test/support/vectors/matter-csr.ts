import { fromHex, toHex } from '@keyline/bytes'
import { p256FromScalar, p256PublicKey, p256Spki, sha256 } from '@keyline/crypto'
import { checkRequest, IssuerError, issueDac, readPai } from '@keyline/issuer'
import type { CaseResult, VectorCheck } from './case.ts'
import { deterministicSigner } from './deterministic-signer.ts'
import { casesOf, compared, type VectorReader } from './vector-reader.ts'

/** Certificate requests and issuing (`csr/requests.json`, `csr/issue.json`). */
export const check: VectorCheck = async (file) => {
  if (file.path.endsWith('requests.json')) return Promise.all(casesOf(file).map(requestCase))
  if (file.path.endsWith('issue.json')) return Promise.all(casesOf(file).map(issueCase))
  throw new TypeError(`${file.path} is no file of csr vectors that is known here`)
}

async function requestCase(vector: VectorReader): Promise<CaseResult> {
  const job = vector.object('job')
  const known = new Set(
    vector.texts('knownPublicKeys').map((point) => toHex(sha256(p256Spki(fromHex(point))))),
  )
  const result = await checkRequest(vector.octets('csrDer'), {
    vendorId: job.number('vendorId'),
    productId: job.number('productId'),
    policy: vector.text('policy') === 'production' ? 'production' : 'test',
    isKeyKnown: (spkiSha256) => Promise.resolve(known.has(spkiSha256)),
  })
  const expected = vector.flag('valid') ? vector.text('publicKey') : vector.text('firstFailedCheck')
  return compared(
    vector.id,
    expected,
    result.ok ? toHex(result.publicKey.point) : result.finding.rule,
  )
}

async function issueCase(vector: VectorReader): Promise<CaseResult> {
  const expected = vector.flag('valid')
    ? vector.text('certificateDer')
    : vector.text('firstFailedCheck')
  try {
    return compared(vector.id, expected, await issue(vector))
  } catch (error) {
    if (!(error instanceof IssuerError)) throw error
    return compared(vector.id, expected, String(error.details['rule'] ?? error.code))
  }
}

/** The certificate in hexadecimal, or the first violated rule. */
async function issue(vector: VectorReader): Promise<string> {
  const scalar = vector.octets('paiPrivateKey')
  const result = await issueDac({
    pai: readPai(vector.octets('paiDer')),
    signer: deterministicSigner(p256FromScalar(scalar).publicKey, scalar),
    publicKey: p256PublicKey(vector.octets('subjectPublicKey')),
    serialNumber: vector.octets('serialNumber'),
    commonName: vector.text('commonName'),
    vendorId: vector.number('vendorId'),
    productId: vector.number('productId'),
    subjectEncoding: vector.text('subjectEncoding') === 'cn-fallback' ? 'cn-fallback' : 'oid',
    notBefore: new Date(vector.text('notBefore')),
    notAfter: new Date(vector.text('notAfter')),
    now: new Date(vector.text('issuedAt')),
  })
  return result.ok ? toHex(result.certificate) : (result.findings[0]?.rule ?? 'no finding')
}
