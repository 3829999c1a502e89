import { decodeUtf8, encodeUtf8, parseJson, toBase64 } from '@keyline/bytes'
import {
  readCertificates,
  readDacAnswer,
  readOrder,
  readRecall,
  refusalOf,
  retryAfterMs,
} from '@keyline/issuer/client'
import { buildCertsOnly } from '@keyline/x509'
import { expectLaw, textTarget, type FuzzDecoder } from './target.ts'
import { vectorOctets } from './vector-seeds.ts'

/** What a server answers to a client: nothing of it is believed before it is read. */
export const issuerDecoders: readonly FuzzDecoder[] = [
  {
    name: 'answer of an issuer',
    targets: [
      {
        name: 'est-answer',
        seeds: () => {
          const text = toBase64(buildCertsOnly([dac()]))
          return [encodeUtf8(text), encodeUtf8((text.match(/.{1,64}/g) ?? []).join('\r\n'))]
        },
        run: (body) => readCertificates({ header: () => 'application/pkcs7-mime', body }),
      },
      {
        name: 'dac-answer',
        seeds: () => {
          const text = toBase64(dac())
          return [encodeUtf8(JSON.stringify({ dac: text, pai: text, paa: text, replayed: true }))]
        },
        run: (body) => readDacAnswer({ header: () => 'application/json', body }),
      },
      {
        name: 'recall-answer',
        seeds: () => [
          encodeUtf8(
            JSON.stringify({
              certificate: toBase64(dac()),
              requestHash: 'ab'.repeat(32),
              issuerKeyId: 'cd'.repeat(20),
            }),
          ),
        ],
        run: (body) => readRecall(parseJson(decodeUtf8(body), 'answer')),
      },
      {
        name: 'order-answer',
        seeds: () => [encodeUtf8(JSON.stringify(order))],
        run: (body) => {
          const { state, opens = 0 } = readOrder(parseJson(decodeUtf8(body), 'answer'), 'order-1')
          expectLaw(['open', 'paused', 'closed'].includes(state), 'an order has a state')
          expectLaw(Number.isFinite(opens), 'an order opens at a time')
        },
      },
      ...['application/problem+json', 'text/plain'].map((type) => ({
        name: `refusal-${type.replace(/\W/g, '-')}`,
        seeds: () => refusals,
        run: (body: Uint8Array) => {
          const answer = { status: 404, header: headersOf(type), body }
          const { fault, message } = refusalOf(answer, 'GET /', 0)
          expectLaw(fault !== 'board' || message.includes('404'), 'a refusal names its status')
          expectLaw(message.length < 1_200, 'a refusal is short')
        },
      })),
      textTarget(
        'retry-after',
        () => ['0', '120', 'Mon, 01 Jun 2026 00:00:03 GMT'],
        (text) => {
          const ms = retryAfterMs(text, Date.UTC(2026, 5, 1))
          expectLaw(ms >= 0 && ms <= 5_000, 'a wait is bounded')
        },
      ),
    ],
  },
]

const order = {
  vendorId: 0xfff1,
  productId: 0x8004,
  policy: 'test',
  state: 'open',
  certificateLimit: 8,
  certificatesUsed: 7,
  stations: ['station-1'],
  opens: '2026-07-01T00:00:00.000Z',
}

const refusals = [
  encodeUtf8('{"status":409,"code":"ISSUER_QUOTA_REACHED","detail":"used up","rule":"CSR-05"}'),
  encodeUtf8('ISSUER_QUOTA_REACHED\nused up. Remedy: raise it\n'),
]

function headersOf(type: string): (name: string) => string | undefined {
  return (name) => (name === 'content-type' ? type : undefined)
}

function dac(): Uint8Array {
  return vectorOctets('matter/pem/Matter-Development-DAC-FFF1-8004-Cert.der')
}
