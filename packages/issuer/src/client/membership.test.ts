import { decodeUtf8, encodeUtf8, fromBase64, Secret, systemClock, toBase64 } from '@keyline/bytes'
import { generateP256, keyPairSigner, type P256PublicKey } from '@keyline/crypto'
import {
  basicConstraints,
  buildCertificate,
  buildCertsOnly,
  name,
  Oid,
  parseCertificate,
  parseRequest,
  publicKeyOf,
} from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { enrolMember, renewMember } from './membership.ts'
import { answerOf, FakeTransport, problemAnswer, type Exchange } from './testing/rest-server.ts'

const caPair = generateP256()
const caName = name([{ type: Oid.commonName, value: 'Service CA' }])

async function certify(
  commonName: string,
  publicKey: P256PublicKey,
  signer = keyPairSigner(caPair),
): Promise<Uint8Array> {
  return buildCertificate({
    serialNumber: Uint8Array.of(1),
    issuer: caName,
    subject: name([{ type: Oid.commonName, value: commonName }]),
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2026-03-01T00:00:00Z'),
    publicKey,
    extensions: [basicConstraints({ ca: false })],
    signer,
  })
}

const ca = parseCertificate(await certify('Service CA', caPair.publicKey))

/** Reads the key of a request as the server does, and answers with these certificates. */
function serving(
  certificates: (key: P256PublicKey) => Promise<readonly Uint8Array[]>,
  type = 'application/pkcs7-mime; smime-type=certs-only',
): { readonly exchange: Exchange; readonly seen: string[] } {
  const seen: string[] = []
  const exchange: Exchange = async ({ path, headers, body = new Uint8Array() }) => {
    seen.push(path, headers?.['authorization'] ?? '')
    const request = parseRequest(fromBase64(decodeUtf8(body).replaceAll('\r\n', '')))
    const key = publicKeyOf(request)
    if (key === undefined) throw new Error('the request has no key')
    const message = toBase64(buildCertsOnly(await certificates(key)))
    return answerOf({ status: 200, headers: { 'content-type': type }, body: message })
  }
  return { exchange, seen }
}

const options = (exchange: Exchange) => ({
  transport: new FakeTransport(exchange),
  clock: systemClock,
  ca,
  name: 'station-1',
  keyPair: generateP256(),
})

describe('a member', () => {
  it('enrols with name and token, and renews with neither', async () => {
    const { exchange, seen } = serving(async (key) => [await certify('station-1', key), ca.der])
    const token = new Secret(encodeUtf8('one-time'))
    const asked = options(exchange)
    const certificate = await enrolMember({ ...asked, token })
    expect(certificate.publicPoint).toEqual(asked.keyPair.publicKey.point)
    await renewMember(options(exchange))
    expect(seen).toEqual([
      '/.well-known/est/members/simpleenroll',
      `Basic ${toBase64(encodeUtf8('station-1:one-time'))}`,
      '/.well-known/est/members/simplereenroll',
      '',
    ])
  })

  it('takes no certificate for another key or name, or of another CA', async () => {
    const stranger = generateP256()
    for (const { exchange } of [
      serving(async () => [await certify('station-1', stranger.publicKey)]),
      serving(async (key) => [await certify('station-2', key)]),
      serving(async (key) => [await certify('station-1', key, keyPairSigner(stranger))]),
      serving(async () => [ca.der]),
    ]) {
      await expect(renewMember(options(exchange))).rejects.toMatchObject({
        code: 'ISSUER_ANSWER_REFUSED',
      })
    }
  })

  it('asks once, and hears why it is refused', async () => {
    const asked = options(async () => problemAnswer(401, 'LEDGER_TOKEN_INVALID', 'used up'))
    const token = new Secret(encodeUtf8('one-time'))
    const error: unknown = await enrolMember({ ...asked, token }).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'ISSUER_STATION_UNTRUSTED' })
    expect(String(error)).not.toContain('one-time')
    expect(asked.transport.requests).toHaveLength(1)
  })

  it('takes no answer of another type', async () => {
    const { exchange } = serving(async () => [ca.der], 'text/html')
    const failure = renewMember(options(exchange))
    await expect(failure).rejects.toMatchObject({ code: 'ISSUER_ANSWER_MALFORMED' })
  })
})
