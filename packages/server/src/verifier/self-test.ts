import { concat, fromBase64url, fromHex } from '@keyline/bytes'
import { curvePublicKey } from '@keyline/crypto'
import {
  MemoryTrustStore,
  readResult,
  signResult,
  makeResult,
  verifyEvidence,
  type Verification,
} from '@keyline/verifier'
import { ServerError } from '../errors.ts'
import type { EarKey } from './key/kinds.ts'

/** The token under ES256 of RFC 9783, appendix A, with its public key. */
const known = {
  token: fromHex(
    'd28443a10126a0590100a8190100582101020202020202020202020202020202020202020202020202020202020202020219095c582000000000000000000000000000000000000000000000000000000000000000000a5820010101010101010101010101010101010101010101010101010101010101010119095a1a7fffffff19095b19300019010978217461673a7073616365727469666965642e6f72672c323032333a7073612374666d19010c48000000000000000019095f81a305582004040404040404040404040404040404040404040404040404040404040404040258200303030303030303030303030303030303030303030303030303030303030303016450526f545840786e937a4c42667af3847399319ca95c7e7dbabdc9b50fdb8de3f6bff4ab82ff80c42140e2a488000219e3e10663193da69c75f52b798ea10b2f7041a90e8e5a',
  ),
  point: concat(
    fromBase64url('Tl4iCZ47zrRbRG0TVf0dw7VFlHtv18HInYhnmMNybo8'),
    fromBase64url('gNcLhAslaqw0pi7eEEM2TwRAlfADR0uR4Bggkq-xPy4'),
  ),
  implementationId: new Uint8Array(32),
  instanceId: new Uint8Array(33).fill(2).fill(1, 0, 1),
  nonce: new Uint8Array(32).fill(1),
  measurement: new Uint8Array(32).fill(3),
  signerId: new Uint8Array(32).fill(4),
} as const

const time = 1_750_000_000

/**
 * Verifies a token whose verdict is known, and three that must be refused; signs a result and reads it again.
 * @throws ServerError `SERVER_SELF_TEST`
 */
export async function verifierSelfTest({ signer, jwk }: EarKey): Promise<void> {
  const store = await knownStore()
  const verify = (token: Uint8Array, nonce: Uint8Array): Promise<Verification> =>
    verifyEvidence(token, { store, nonce, time })
  const good = await verify(known.token, known.nonce)
  if (good.outcome !== 'genuine' || good.appraisal.status !== 'affirming') {
    throw failed('a genuine token is not recognised')
  }
  const changed = Uint8Array.from(known.token)
  changed[changed.length - 1] = 0x5b
  await requireRefusal('a changed signature', verify(changed, known.nonce), 'E_SIG_INVALID')
  await requireRefusal('another nonce', verify(known.token, new Uint8Array(32)), 'E_NONCE_MISMATCH')
  const stranger = verifyEvidence(known.token, {
    store: new MemoryTrustStore(),
    nonce: known.nonce,
    time,
  })
  await requireRefusal('an unknown device', stranger, 'E_KEY_UNKNOWN')

  const result = makeResult(good, {
    issuedAt: time,
    nonce: known.nonce,
    verifierId: { developer: 'self-test', build: 'self-test' },
  })
  if (result === undefined) throw failed('a genuine token has no result')
  const point = concat(fromBase64url(jwk.x), fromBase64url(jwk.y))
  const key = { algorithm: 'ES256', publicKey: curvePublicKey('P-256', point) } as const
  try {
    readResult(await signResult(result, signer), key, time)
  } catch (cause) {
    throw failed('a result does not verify under the key that is published', cause)
  }
}

async function knownStore(): Promise<MemoryTrustStore> {
  const { implementationId, instanceId, point, measurement, signerId } = known
  const store = new MemoryTrustStore()
  const transaction = store.begin({ id: 'self-test' })
  await transaction.addAnchor(
    { implementationId, instanceId, key: { type: 'ec', curve: 'P-256', point } },
    { replace: false },
  )
  await transaction.addReference({
    implementationId,
    signerId,
    digests: [{ algorithm: 'sha-256', value: measurement }],
    name: 'PRoT',
  })
  await transaction.commit()
  return store
}

async function requireRefusal(
  what: string,
  verification: Promise<Verification>,
  code: string,
): Promise<void> {
  const found = await verification
  const isRefused =
    found.outcome === 'contraindicated' &&
    found.reason.kind === 'evidence' &&
    found.reason.refusal.code === code
  if (!isRefused) throw failed(`${what} is not refused as ${code}`)
}

function failed(message: string, cause?: unknown): ServerError {
  return new ServerError('SERVER_SELF_TEST', message, { cause })
}
