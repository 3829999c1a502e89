import { seededRandom, systemClock, toBase64 } from '@keyline/bytes'
import { buildCertsOnly, parseCertificate } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { testPki } from '../testing/test-line.ts'
import { authoritiesOf, caCertificates } from './authorities.ts'
import { callServer } from './server-api.ts'
import { answerOf, FakeTransport, problemAnswer } from './testing/rest-server.ts'

const pki = await testPki()
const stranger = await testPki({ random: seededRandom('stranger') })
const [pai, paa] = [pki.pai, pki.paa].map(({ certificate }) => parseCertificate(certificate))
const [strangePai] = [stranger.pai].map(({ certificate }) => parseCertificate(certificate))
if (pai === undefined || paa === undefined || strangePai === undefined) throw new Error('no PKI')
const order = { paas: [paa], vendorId: 0xfff1, productId: 0x8004 }

describe('the authorities of an order', () => {
  it('are the PAI that the trusted PAA has signed, and that PAA', () => {
    const chain = { pai: pai.der, paa: paa.der }
    expect(authoritiesOf([paa, pai], order)).toEqual(chain)
    expect(authoritiesOf([strangePai, pai], order)).toEqual(chain)
  })

  it.each([
    ['of a stranger', [strangePai], {}],
    ['of another vendor', [pai], { vendorId: 0xfff2 }],
    ['of a PAA that nobody trusts', [pai, paa], { paas: [] }],
    ['that is there twice', [pai, pai], {}],
    ['that is the PAA', [paa], {}],
  ])('are none with a PAI %s', (_, shown, changed) => {
    expect(() => authoritiesOf(shown, { ...order, ...changed })).toThrow(
      expect.objectContaining({ code: 'ISSUER_PAI_UNUSABLE' }),
    )
  })

  it('are asked for under the label of the order', async () => {
    const headers = { 'content-type': 'application/pkcs7-mime' }
    const body = toBase64(buildCertsOnly([pai.der, paa.der]))
    const transport = new FakeTransport(async () => answerOf({ status: 200, headers, body }))
    const shown = await caCertificates({ transport, clock: systemClock, label: 'a b' })
    expect(new Set(shown.map(({ der }) => String(der)))).toEqual(
      new Set([pai, paa].map(({ der }) => String(der))),
    )
    await caCertificates({ transport, clock: systemClock })
    expect(transport.requests.map(({ path }) => path)).toEqual([
      '/.well-known/est/a%20b/cacerts',
      '/.well-known/est/cacerts',
    ])
    const refusing = new FakeTransport(async () => problemAnswer(404, 'SERVER_NOT_FOUND', 'none'))
    const refused = caCertificates({ transport: refusing, clock: systemClock })
    await expect(refused).rejects.toMatchObject({ code: 'ISSUER_REFUSED' })
  })
})

const calling = (made: Parameters<typeof answerOf>[0]) => {
  const transport = new FakeTransport(async () => answerOf(made))
  const call = { method: 'POST', path: '/v1/orders', body: { id: 'O-1' } } as const
  return { transport, answer: callServer({ transport, clock: systemClock }, call) }
}

describe('a call of the server', () => {
  const headers = { 'content-type': 'application/json' }

  it('sends JSON and gives JSON', async () => {
    const { transport, answer } = calling({ status: 201, headers, body: '[{"id":"O-1"}]' })
    expect(await answer).toEqual([{ id: 'O-1' }])
    const [sent] = transport.requests
    expect(new TextDecoder().decode(sent?.body)).toBe('{"id":"O-1"}')
    expect(sent?.headers).toMatchObject({ 'content-type': 'application/json' })
  })

  it('may have no answer to give', async () => {
    expect(await calling({ status: 204 }).answer).toBeNull()
  })

  it.each([
    [
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' },
      'ISSUER_ANSWER_MALFORMED',
    ],
    [{ status: 200, headers, body: '{' }, 'ISSUER_ANSWER_MALFORMED'],
    [{ status: 404, headers, body: '{}' }, 'ISSUER_REFUSED'],
    [{ status: 503, headers, body: '{}' }, 'ISSUER_BUSY'],
    [{ status: 202, headers, body: '{}' }, 'ISSUER_BUSY'],
  ])('is not tried again, and says what is wrong', async (made, code) => {
    const { transport, answer } = calling(made)
    await expect(answer).rejects.toMatchObject({ code })
    expect(transport.requests).toHaveLength(1)
  })
})
