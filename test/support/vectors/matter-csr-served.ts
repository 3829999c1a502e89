import { fromBase64, systemClock, systemRandom, toBase64, toHex, fromHex } from '@keyline/bytes'
import { generateP256, keyPairSigner, p256Spki, sha256 } from '@keyline/crypto'
import {
  createLocalIssuer,
  createPki,
  type IssuanceOrder,
  type IssuanceStore,
} from '@keyline/issuer'
import { createLog, createServiceCa, drawToken, startServer } from '@keyline/server'
import { parseCertificate } from '@keyline/x509'
import { MemoryLedger } from '../../../packages/server/src/testing/memory-ledger.ts'
import { Client, member, type Reply } from '../../server/support/call.ts'
import { basic, certificateOf, credentialsOf, requestOf } from '../../server/support/request.ts'
import type { CaseResult, VectorCheck, VectorFile } from './case.ts'
import { check as checkInProcess } from './matter-csr.ts'
import { casesOf, compared, type VectorReader } from './vector-reader.ts'

/** The ways in which a request reaches its checks. */
const ways = ['in process', 'over EST', 'over REST'] as const
type Way = (typeof ways)[number]

const resultId = (id: string, way: Way): string => (way === ways[0] ? id : `${id} ${way}`)

/** The results that each way owes. */
export function owed(file: VectorFile): ReadonlyMap<string, readonly string[]> {
  const ids = casesOf(file).map(({ id }) => id)
  return new Map(ways.map((way) => [way, ids.map((id) => resultId(id, way))]))
}

/** Certificate requests (`csr/requests.json`): checked in process, and sent to a server over both of its protocols. */
export const check: VectorCheck = async (file) => {
  const results = [...(await checkInProcess(file))]
  for (const policy of ['test', 'production'] as const) {
    const vectors = casesOf(file).filter((vector) => vector.text('policy') === policy)
    if (vectors.length === 0) continue
    const served = await serve(policy)
    try {
      for (const vector of vectors) results.push(...(await servedCases(served, vector)))
    } finally {
      await served.stop()
    }
  }
  return results
}

interface Served {
  readonly station: Client
  /** What the record knows for the case at hand. */
  readonly record: { order: IssuanceOrder | undefined; knownKeys: ReadonlySet<string> }
  stop(): Promise<void>
}

/** A server whose record holds what the case at hand says. The PAI under policy production has no test vendor id. */
async function serve(policy: 'test' | 'production'): Promise<Served> {
  const common = { clock: systemClock, random: systemRandom }
  const notBefore = new Date(Date.now() - 60_000)
  const vendorId = policy === 'test' ? 0xfff1 : 0x1234
  const pki = await createPki({ vendorId, notBefore, random: systemRandom })
  const signer = keyPairSigner(pki.pai.keyPair)
  const record: Served['record'] = { order: undefined, knownKeys: new Set() }
  const store: IssuanceStore = {
    prospect: async ({ spkiSha256 = '' }) => ({
      order: record.order,
      serialNumber: 'SN-1',
      isKeyKnown: record.knownKeys.has(spkiSha256),
    }),
    record: async ({ certificate }) => ({ certificate, replayed: false }),
  }
  const authority = { signer, pai: pki.pai.certificate, paa: pki.paa.certificate, policy }
  const issuer = await createLocalIssuer({ ...authority, ...common, store })
  const ledger = new MemoryLedger()
  const serviceCa = await createServiceCa({ notBefore, random: systemRandom })
  const log = createLog({ write: () => undefined })
  const server = await startServer(
    { ...authority, ...common, issuer, ledger, serviceCa, log },
    { host: '127.0.0.1', port: 0, hostNames: ['localhost'] },
  )
  const where = { port: server.port, ca: serviceCa.certificate }
  const { token, sha256: tokenSha256 } = drawToken(systemRandom)
  await ledger.members.invite({
    name: 'station',
    role: 'station',
    tokenSha256,
    expiresAt: Infinity,
  })
  const keyPair = generateP256()
  using stranger = new Client(where)
  const enrolled = await stranger.call({
    method: 'POST',
    path: '/.well-known/est/members/simpleenroll',
    headers: {
      'content-type': 'application/pkcs10',
      authorization: basic('station', new TextDecoder().decode(token.reveal())),
    },
    body: toBase64(await requestOf(keyPair)),
  })
  const credentials = credentialsOf(keyPair, certificateOf(enrolled.text))
  const station = new Client({ ...where, credentials })
  return {
    station,
    record,
    stop: async () => {
      station[Symbol.dispose]()
      await server.stop()
    },
  }
}

async function servedCases(
  { station, record }: Served,
  vector: VectorReader,
): Promise<readonly CaseResult[]> {
  const job = vector.object('job')
  record.knownKeys = new Set(
    vector.texts('knownPublicKeys').map((point) => toHex(sha256(p256Spki(fromHex(point))))),
  )
  record.order = {
    orderId: 'O-1',
    vendorId: job.number('vendorId'),
    productId: job.number('productId'),
    policy: vector.text('policy') === 'production' ? 'production' : 'test',
    state: 'open',
    certificateLimit: 1_000,
    certificatesUsed: 0,
  }
  const csr = toBase64(vector.octets('csrDer'))
  const over = async (way: Way, call: Parameters<Client['call']>[0]): Promise<CaseResult> => {
    const reply = await station.call({ method: 'POST', ...call })
    return compared(resultId(vector.id, way), expectation(vector), verdictOf(reply))
  }
  return [
    await over('over EST', {
      path: '/.well-known/est/O-1/simpleenroll',
      headers: { 'content-type': 'application/pkcs10' },
      body: csr,
    }),
    await over('over REST', {
      path: '/v1/orders/O-1/dac',
      headers: { 'content-type': 'application/json', 'idempotency-key': vector.id },
      body: JSON.stringify({ unit: 'U-1', csr }),
    }),
  ]
}

/** Statuses that the specification gives to each check. Source: issuing, section 4. */
const statuses: Readonly<Record<string, number>> = {
  'CSR-01': 400,
  'CSR-02': 400,
  'CSR-03': 422,
  'CSR-04': 422,
  'CSR-05': 400,
  'CSR-06': 422,
  'CSR-07': 422,
  'CSR-08': 400,
  'CSR-09': 422,
}

function expectation(vector: VectorReader): string {
  if (vector.flag('valid')) return vector.text('publicKey')
  const rule = vector.text('firstFailedCheck')
  return `${statuses[rule]} ${rule}`
}

/** The key of the certificate that came back, or the status and the rule that refused. */
function verdictOf(reply: Reply): string {
  const { status, type, text } = reply
  if (type.startsWith('application/pkcs7-mime')) return pointOf(certificateOf(text))
  if (type === 'application/json') return pointOf(fromBase64(String(member(text, 'dac'))))
  const rule =
    type === 'application/problem+json'
      ? member(text, 'rule')
      : /^ISSUER_\w+\n(CSR-\d\d) /.exec(text)?.[1]
  return `${status} ${typeof rule === 'string' ? rule : text}`
}

function pointOf(certificate: Uint8Array): string {
  return toHex(parseCertificate(certificate).publicPoint ?? new Uint8Array())
}
