import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scaled, testSeed } from '../../../../test/support/scale.ts'
import { psaDevice } from '../../../../test/support/vectors/psa-device.ts'
import { Algorithm } from '../key/algorithm.ts'
import { KeyType } from '../key/type.ts'
import { KweStatus, PsaStatus } from '../status/status.ts'
import type { PsaCrypto } from './psa-crypto.ts'

const statuses = new Set<number>([...Object.values(PsaStatus), KweStatus.error])
const id = fc.constantFrom(0, 1, 2, 3, 0x3f00_0000, 0x4000_0000, 0x7fff_0000, 0xffff_ffff)
const algorithm = fc.oneof(
  fc.constantFrom(...Object.values(Algorithm), 0x0600_06ff, 0x0600_0709, 0x0902_0109),
  fc.nat({ max: 0xffff_ffff }),
)
const size = fc.option(fc.nat({ max: 200 }), { nil: undefined })
const octets = fc.oneof(
  fc.uint8Array({ maxLength: 140 }),
  fc.constantFrom(16, 32, 48, 64, 66).map((length) => new Uint8Array(length).fill(0x42)),
)
const attributes = fc.record({
  lifetime: fc.constantFrom(0, 1, 0xff, 0x8000_0100, 0x8000_0101, 0x1234_0001),
  id,
  type: fc.oneof(fc.constantFrom(...Object.values(KeyType)), fc.nat({ max: 0xffff })),
  bits: fc.constantFrom(0, 1, 128, 255, 256, 384, 521, 0xffff),
  usage: fc.constantFrom(0x1, 0x300, 0x1000, 0x3c00, 0x4000, 0xff01, 0x4),
  algorithm,
})

type Call = (crypto: PsaCrypto) => number

/** One call with anything in its arguments. */
const call: fc.Arbitrary<Call> = fc
  .record({ attributes, key: id, algorithm, octets, more: octets, size })
  .chain(({ attributes: given, key, algorithm: asked, octets: input, more, size: room }) => {
    const use = { key, algorithm: asked, size: room }
    const calls: readonly Call[] = [
      (crypto) => crypto.importKey({ attributes: given, data: input }).status,
      (crypto) => crypto.importKey({ attributes: given, data: input, dataLength: room }).status,
      (crypto) => crypto.generateKey(given).status,
      (crypto) => crypto.signHash({ ...use, hash: input }).status,
      (crypto) => crypto.signMessage({ ...use, message: input }).status,
      (crypto) => crypto.verifyHash({ ...use, hash: input, signature: more }),
      (crypto) => crypto.verifyMessage({ ...use, message: input, signature: more }),
      (crypto) => crypto.macCompute({ ...use, input }).status,
      (crypto) => crypto.exportPublicKey(key, room).status,
      (crypto) => crypto.exportKey(key, room).status,
      (crypto) => crypto.rawKeyAgreement({ ...use, peerKey: input }).status,
      (crypto) => crypto.asymmetricDecrypt({ ...use, input, label: more }).status,
      (crypto) => crypto.cipherEncrypt({ ...use, input }).status,
      (crypto) => crypto.cipherDecrypt({ ...use, input }).status,
      (crypto) => crypto.aeadEncrypt({ ...use, input, nonce: more, associatedData: input }).status,
      (crypto) => crypto.aeadDecrypt({ ...use, input, nonce: more, associatedData: input }).status,
      (crypto) => crypto.hashCompute({ algorithm: asked, input, size: room }).status,
      (crypto) => crypto.attributes(key).status,
      (crypto) => crypto.purgeKey(key),
      (crypto) => crypto.destroyKey(key),
    ]
    return fc.constantFrom(...calls)
  })

describe('any call, in any order', () => {
  it('answers with a status of the specification and never throws', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 12 }), (calls) => {
        const { crypto } = psaDevice()
        for (const run of calls) expect(statuses).toContain(run(crypto))
      }),
      { numRuns: scaled(150, 20_000), seed: testSeed },
    )
  })
})
