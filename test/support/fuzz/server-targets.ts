import { encodeUtf8, equalOctets, seededRandom } from '@keyline/bytes'
import { CborTag, encodeCbor } from '@keyline/eat'
import { readJson } from '../../../packages/server/src/route/endpoint.ts'
import { estBody, readEstBase64 } from '../../../packages/server/src/route/est/message.ts'
import { DacBody, InviteBody } from '../../../packages/server/src/route/rest/schema.ts'
import { accepts } from '../../../packages/server/src/verifier/media/accept.ts'
import { contentFormatTag, unwrapCmw } from '../../../packages/server/src/verifier/media/cmw.ts'
import { findEvidenceType } from '../../../packages/server/src/verifier/media/evidence-type.ts'
import { parseMediaType } from '../../../packages/server/src/verifier/media/media-type.ts'
import { sessionNonce } from '../../../packages/server/src/verifier/nonce/nonce-parameter.ts'
import { expectLaw, textTarget, type FuzzDecoder } from './target.ts'
import { vectorOctets } from './vector-seeds.ts'

const certificate = vectorOctets('matter/pem/Matter-Development-PAI-FFF1-noPID-Cert.der')

const dacBody = {
  unit: 'U-1',
  serialNumber: 'SN 1',
  board: '0123456789abcdef01234567',
  csr: 'MIIB',
}

/** What a caller of the server may send. */
export const serverDecoders: readonly FuzzDecoder[] = [
  {
    name: 'bodies of the server',
    targets: [
      {
        name: 'est-body',
        seeds: () => [encodeUtf8(String(estBody(certificate).body)), encodeUtf8('AA==\r\n')],
        run: (body) => {
          const octets = readEstBase64(body)
          const again = readEstBase64(encodeUtf8(String(estBody(octets).body)))
          expectLaw(equalOctets(octets, again), 'the octets of a body come back')
        },
      },
      {
        name: 'dac-body',
        seeds: () => [encodeUtf8(JSON.stringify(dacBody))],
        run: (body) => {
          const read = readJson(body, DacBody)
          const again = readJson(encodeUtf8(JSON.stringify(read)), DacBody)
          expectLaw(JSON.stringify(read) === JSON.stringify(again), 'a body reads the same again')
        },
      },
      {
        name: 'invite-body',
        seeds: () => [encodeUtf8('{"name":"s1","role":"station"}')],
        run: (body) => {
          const { name } = readJson(body, InviteBody)
          expectLaw(/^[\w.-]{1,64}$/.test(name), 'a name is safe in a file and in a certificate')
        },
      },
      {
        name: 'cmw',
        seeds: () => [
          encodeUtf8('["application/psa-attestation-token","0oRDoQEm",4]'),
          encodeCbor(['application/psa-attestation-token', certificate.subarray(0, 9), 4]),
          encodeCbor(new CborTag(contentFormatTag(10_003), certificate.subarray(0, 9))),
        ],
        run: (octets) => {
          const { type, value } = unwrapCmw(octets, 'either')
          const again = unwrapCmw(encodeCbor([type, value]), 'cbor')
          expectLaw(again.type === type, 'the type of a wrapper comes back')
          expectLaw(equalOctets(again.value, value), 'the content of a wrapper comes back')
        },
      },
      textTarget(
        'media-type',
        () => [
          'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"',
          'a/b;c=d;e="\\""',
        ],
        (text) => {
          const type = parseMediaType(text)
          const isKnown = findEvidenceType(text) !== undefined
          expectLaw(!isKnown || type !== undefined, 'a type of evidence is a media type')
          if (type === undefined) return
          const again = parseMediaType(type.normal)
          expectLaw(again?.essence === type.essence, 'a media type in its normal form is one')
        },
      ),
      textTarget(
        'accept',
        () => ['application/json;q=0.1, */*;q=0', 'text/*, a/b;c=", "'],
        (text) => {
          const isRefused = !accepts(text, 'application/json')
          expectLaw(
            isRefused || text.trim() === '' || /[/*]/.test(text),
            'what is accepted is named',
          )
        },
      ),
      textTarget(
        'session-nonce',
        () => ['nonce=AAECAwQFBgc%3D', 'nonceSize=64&nonce=', 'nonceSize=8'],
        (text) => {
          const { length } = sessionNonce(new URLSearchParams(text), seededRandom('nonce'))
          expectLaw(length >= 8 && length <= 64, 'a nonce has 8 to 64 octets')
        },
      ),
    ],
  },
]
