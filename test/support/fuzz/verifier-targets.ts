import { readFileSync } from 'node:fs'
import { fromHex, isKeylineError, Secret, seededRandom } from '@keyline/bytes'
import { curvePublicKey, generateP256, keyPairSigner } from '@keyline/crypto'
import {
  compilePolicy,
  importCorim,
  makeResult,
  MemoryTrustStore,
  openSession,
  readResult,
  resultSigner,
  sealSession,
  signResult,
  verifyChain,
  verifyEvidence,
} from '@keyline/verifier'
import { parseCertificate } from '@keyline/x509'
import {
  deviceCorim,
  deviceNonce as nonce,
  deviceTime as time,
  verifiedDevice,
} from '../verified-device.ts'
import { VectorReader } from '../vectors/vector-reader.ts'
import { expectLaw, textTarget, type FuzzDecoder } from './target.ts'

const device = verifiedDevice(1)
const corim = deviceCorim([device, verifiedDevice(2)])
const token = await device.token()
const store = new MemoryTrustStore()
await importCorim(corim, store, { time })

const pair = generateP256()
const key = {
  algorithm: 'ES256',
  publicKey: curvePublicKey('P-256', pair.publicKey.point.subarray(1)),
} as const
const result = makeResult(await verifyEvidence(token, { store, nonce, time }), {
  issuedAt: time,
  nonce,
  verifierId: { developer: 'a', build: 'b' },
})
const jwt = result === undefined ? '' : await signResult(result, resultSigner(keyPairSigner(pair)))

const sealingKey = new Secret(new Uint8Array(32).fill(1))
const session = sealSession({ nonce, expiresAt: time }, sealingKey, seededRandom('session'))

const chain = deviceChain()

const policies = [
  '{"rules":[{"when":{"/evidence/a":{"atLeast":"1.0.0"}},"set":{"hardware":"UNSAFE_HW"}}]}',
  '{"mayRaise":true,"rules":[{"when":"evidence.a == 1","set":{"status":"warning"}}]}',
]

/** What anyone may send to a verifier, and what its owners may load into it. */
export const verifierDecoders: readonly FuzzDecoder[] = [
  {
    name: 'verifier',
    targets: [
      {
        name: 'verifier-evidence',
        seeds: () => [token],
        run: async (octets) => {
          const { outcome } = await verifyEvidence(octets, { store, nonce, time })
          expectLaw(outcome !== 'could-not-check', 'evidence has a verdict whatever it is')
        },
      },
      {
        name: 'verifier-endorsement',
        seeds: () => [corim],
        run: async (octets) => {
          const empty = new MemoryTrustStore()
          try {
            await importCorim(octets, empty, { time })
          } catch (error) {
            if (!isKeylineError(error)) throw error
            expectLaw(empty.size === 0, 'a refused import leaves nothing')
          }
        },
      },
      {
        name: 'verifier-chain',
        seeds: () => [chain.leaf],
        run: (octets) => verifyChain([octets], chain.trust, time),
      },
      textTarget(
        'verifier-result',
        () => [jwt],
        (text) => readResult(text, key, time),
      ),
      textTarget(
        'verifier-policy',
        () => policies,
        (text) => compilePolicy(text),
      ),
      textTarget(
        'verifier-session',
        () => [session],
        (text) => openSession(text, sealingKey, time),
      ),
    ],
  },
]

/** Leaf and authority of a simulated chip. */
function deviceChain() {
  const file = new URL('../../vectors/attestation/stm32/dua-chain-time.json', import.meta.url)
  const input = new VectorReader('chain', JSON.parse(readFileSync(file, 'utf8'))).object('input')
  const anchors = input
    .texts('anchors_der_hex')
    .map((hex) => ({ certificate: parseCertificate(fromHex(hex)) }))
  return { leaf: input.octets('leaf_der_hex'), trust: { anchors } }
}
