import { readFileSync } from 'node:fs'
import { concat, encodeUtf8, fromHex, seededRandom } from '@keyline/bytes'
import { keyPairSigner, p256FromScalar, p256Spki } from '@keyline/crypto'
import {
  buildRequest,
  derBitString,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derTagged,
  name,
} from '@keyline/x509'
import { assert, asyncProperty, nat, record, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { scaled } from '../../../../test/support/scale.ts'
import { check } from '../../../../test/support/vectors/matter-csr.ts'
import { checkRequest, type RequestContext } from './check-request.ts'

const pair = p256FromScalar(seededRandom('board').bytes(32))
const signer = keyPairSigner(pair)
const context: RequestContext = {
  vendorId: 0xfff1,
  productId: 0x8004,
  policy: 'test',
  isKeyKnown: () => Promise.resolve(false),
}
const ecdsaWithSha256 = derSequence(derOid('1.2.840.10045.4.3.2'))

/** First failing check of a request, `ok` for none. */
async function verdict(csr: Uint8Array, changed: Partial<RequestContext> = {}): Promise<string> {
  const result = await checkRequest(csr, { ...context, ...changed })
  return result.ok ? 'ok' : result.finding.rule
}

/** A request put together by hand, its parts replaceable, signed over whatever the parts are. */
async function request(
  parts: {
    readonly version?: number
    readonly subject?: Uint8Array
    readonly spki?: Uint8Array
    readonly attributes?: readonly Uint8Array[]
    readonly algorithm?: Uint8Array
    readonly signature?: Uint8Array
  } = {},
): Promise<Uint8Array> {
  const info = derSequence(
    derInteger(parts.version ?? 0),
    parts.subject ?? name([]),
    parts.spki ?? p256Spki(pair.publicKey.point),
    derTagged(0, ...(parts.attributes ?? [])),
  )
  const signature = parts.signature ?? (await signer.sign(info))
  return derSequence(info, parts.algorithm ?? ecdsaWithSha256, derBitString(signature))
}

/** SubjectPublicKeyInfo with an algorithm of choice. */
const spki = (parameters: Uint8Array, point = pair.publicKey.point): Uint8Array =>
  derSequence(derSequence(derOid('1.2.840.10045.2.1'), parameters), derBitString(point))

/** prime256v1 written out: field, curve, base point, order (SEC 1, C.2). */
const explicitParameters = derSequence(
  derInteger(1),
  derSequence(
    derOid('1.2.840.10045.1.1'),
    derInteger(fromHex('ffffffff00000001000000000000000000000000ffffffffffffffffffffffff')),
  ),
  derSequence(
    derOctetString(fromHex('ffffffff00000001000000000000000000000000fffffffffffffffffffffffc')),
    derOctetString(fromHex('5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b')),
  ),
  derOctetString(
    fromHex(
      '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
    ),
  ),
  derInteger(fromHex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')),
  derInteger(1),
)

describe('the checks of a certificate request', () => {
  it('give what requests.json says', async () => {
    const url = new URL('../../../../test/vectors/matter/csr/requests.json', import.meta.url)
    const json: unknown = JSON.parse(readFileSync(url, 'utf8'))
    const results = await check({ path: 'matter/csr/requests.json', json })
    expect(results).toHaveLength(29)
    expect(results.filter(({ ok }) => !ok)).toEqual([])
  })

  it('accept a request, whatever extensions its attributes ask for', async () => {
    const attribute = derSequence(derOid('1.2.840.113549.1.9.14'), derNull())
    expect(await verdict(await buildRequest({ subject: name([]), signer }))).toBe('ok')
    expect(await verdict(await request({ attributes: [attribute] }))).toBe('ok')
  })

  it('refuse PEM as CSR-01', async () => {
    expect(await verdict(encodeUtf8('-----BEGIN CERTIFICATE REQUEST-----\n'))).toBe('CSR-01')
  })

  it('refuse version 1 as CSR-02, even with a bad key behind it', async () => {
    expect(await verdict(await request({ version: 1 }))).toBe('CSR-02')
    expect(await verdict(await request({ version: 1, spki: spki(derNull()) }))).toBe('CSR-02')
  })

  it.each([
    ['the curve written out', spki(explicitParameters)],
    ['another named curve', spki(derOid('1.3.132.0.34'))],
    ['no curve', spki(derNull())],
    [
      'a compressed point',
      spki(
        derOid('1.2.840.10045.3.1.7'),
        concat(Uint8Array.of(2), pair.publicKey.point.subarray(1, 33)),
      ),
    ],
    ['an empty point', spki(derOid('1.2.840.10045.3.1.7'), new Uint8Array())],
    ['the point at infinity', spki(derOid('1.2.840.10045.3.1.7'), new Uint8Array(1))],
  ])('refuse a key with %s as CSR-03', async (_, key) => {
    expect(await verdict(await request({ spki: key }))).toBe('CSR-03')
  })

  it('refuse parameters behind ecdsa-with-SHA256 as CSR-04', async () => {
    const algorithm = derSequence(derOid('1.2.840.10045.4.3.2'), derNull())
    expect(await verdict(await request({ algorithm }))).toBe('CSR-04')
  })

  it.each([
    ['nothing', new Uint8Array()],
    ['raw r and s', new Uint8Array(64).fill(1)],
    ['zeros', derSequence(derInteger(0), derInteger(0))],
    [
      'r and s of n',
      derSequence(
        ...[1, 2].map(() =>
          derInteger(fromHex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')),
        ),
      ),
    ],
  ])('refuse %s for a signature as CSR-05', async (_, signature) => {
    expect(await verdict(await request({ signature }))).toBe('CSR-05')
  })

  it.each([
    ['the vendor id of another', [{ type: '1.3.6.1.4.1.37244.2.1', value: 'FFF2' }]],
    ['the product id of another', [{ type: '1.3.6.1.4.1.37244.2.2', value: '8005' }]],
    ['another id in the common name', [{ type: '2.5.4.3', value: 'x Mvid:FFF1 Mpid:8005' }]],
    ['a prefix without digits', [{ type: '2.5.4.3', value: 'x Mvid:fff1' }]],
  ])('refuse %s as CSR-06', async (_, attributes) => {
    expect(await verdict(await request({ subject: name(attributes) }))).toBe('CSR-06')
  })

  it('look at the common name only without an id attribute', async () => {
    const subject = name([
      { type: '2.5.4.3', value: 'x Mvid:FFF2 Mpid:8005' },
      { type: '1.3.6.1.4.1.37244.2.1', value: 'FFF1' },
    ])
    expect(await verdict(await request({ subject }))).toBe('ok')
  })

  it('refuse a known key as CSR-07', async () => {
    const csr = await request()
    expect(await verdict(csr, { isKeyKnown: () => Promise.resolve(true) })).toBe('CSR-07')
  })

  it('refuse every prefix and every request with one octet changed', async () => {
    const csr = await request()
    const rules = new Set<string>()
    for (let place = 0; place < csr.length; place++) {
      const changed = Uint8Array.from(csr)
      changed[place] = (changed[place] ?? 0) ^ 0x01
      rules.add(await verdict(changed))
      expect(await verdict(csr.subarray(0, place))).toBe(place === 0 ? 'CSR-08' : 'CSR-01')
    }
    expect(rules).not.toContain('ok')
  })

  it('give a finding for any octets', async () => {
    const numRuns = scaled(300, 20_000)
    await assert(
      asyncProperty(uint8Array({ maxLength: 1100 }), async (octets) => {
        expect(await verdict(octets)).toMatch(/^CSR-0[18]$/)
      }),
      { numRuns },
    )
  })

  it('give a finding for any octets behind the header of a request', async () => {
    const csr = await request()
    const mutation = record({
      place: nat(csr.length - 1),
      octets: uint8Array({ minLength: 1, maxLength: 8 }),
    })
    await assert(
      asyncProperty(mutation, async ({ place, octets }) => {
        const changed = concat(csr.subarray(0, place), octets, csr.subarray(place + octets.length))
        const isSame = Buffer.compare(changed, csr) === 0
        expect(await verdict(changed)).toMatch(isSame ? /^ok$/ : /^CSR-0[1-8]$/)
      }),
      { numRuns: scaled(300, 20_000) },
    )
  })
})
