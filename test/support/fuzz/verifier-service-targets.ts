import { concat, encodeUtf8, equalOctets, seededRandom, toBase64url } from '@keyline/bytes'
import { CborTag, encodeCbor, type CborValue } from '@keyline/eat'
import {
  requestNonce,
  sessionNonce,
} from '../../../packages/server/src/verifier/nonce/nonce-parameter.ts'
import {
  checkStampedNonce,
  stampNonce,
} from '../../../packages/server/src/verifier/nonce/stamped-nonce.ts'
import { accepts } from '../../../packages/server/src/verifier/media/accept.ts'
import { contentFormatTag, unwrapCmw } from '../../../packages/server/src/verifier/media/cmw.ts'
import { findEvidenceType } from '../../../packages/server/src/verifier/media/evidence-type.ts'
import { parseMediaType } from '../../../packages/server/src/verifier/media/media-type.ts'
import { deviceNonce, deviceTime, verifiedDevice } from '../verified-device.ts'
import { expectLaw, textTarget, type FuzzDecoder } from './target.ts'

const tokenType = 'application/psa-attestation-token'
const token = await verifiedDevice(1).token()
const record: readonly CborValue[] = [tokenType, token]

const random = seededRandom('nonces')
const key = random.bytes(32)
const now = deviceTime * 1_000
const nonce = stampNonce(key, '0', now, random)

/** What reaches the verifier service beside the evidence itself. */
export const verifierServiceDecoders: readonly FuzzDecoder[] = [
  {
    name: 'verifier service',
    targets: [
      {
        name: 'cmw',
        seeds: () => [
          encodeCbor(record),
          encodeCbor([...record, 2]),
          encodeCbor(new CborTag(contentFormatTag(10_003), token)),
          encodeUtf8(JSON.stringify([tokenType, toBase64url(token)])),
        ],
        run: (octets) => {
          const { type, value } = unwrapCmw(octets, 'either')
          const again = unwrapCmw(encodeCbor([type, value]), 'cbor')
          expectLaw(
            again.type === type && equalOctets(again.value, value),
            'a wrapper is written again',
          )
        },
      },
      {
        name: 'stamped-nonce',
        seeds: () => [nonce],
        run: (octets) => {
          const expiresAt = checkStampedNonce(octets, {
            keys: [key],
            tenant: '0',
            now,
            ttlMs: 1_000,
          })
          expectLaw(equalOctets(octets, nonce), 'no other nonce than ours is ours')
          expectLaw(expiresAt === now + 1_000, 'a nonce ends when it should')
        },
      },
      textTarget(
        'nonce-of-session',
        () => [
          `nonce=${toBase64url(deviceNonce)}`,
          `nonce=${toBase64url(concat(deviceNonce, deviceNonce))}==`,
          'nonceSize=48',
        ],
        (text) => {
          const { length } = sessionNonce(new URLSearchParams(text), random)
          expectLaw(length >= 8 && length <= 64, 'a nonce has 8 to 64 octets')
        },
      ),
      textTarget(
        'nonce-of-request',
        () => [`nonce=${toBase64url(nonce)}`, `nonce=${toBase64url(nonce)}=`],
        (text) => {
          const { length } = requestNonce(new URLSearchParams(text))
          expectLaw(length === 32, 'a nonce of one request has 32 octets')
        },
      ),
      textTarget(
        'media-type',
        () => [
          'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"',
          tokenType,
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
    ],
  },
]
