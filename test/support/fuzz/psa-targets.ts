import { generateKeyPairSync } from 'node:crypto'
import { concat, equalOctets, seededRandom } from '@keyline/bytes'
import {
  Algorithm,
  decodeKeyFile,
  encodeContainer,
  encodeKeyFile,
  isSoundContainer,
  keyBufferIn,
  KeyType,
  Lifetime,
  PsaCrypto,
  rebuildCertificate,
  Usage,
} from '@keyline/psa'
import { InternalTrustedStorage, memoryMedium } from '@keyline/psa/its'
import { psaDevice, wrappedSigningKey } from '../vectors/psa-device.ts'
import { expectLaw, type FuzzDecoder } from './target.ts'

const random = seededRandom('fuzzed device')
const attributes = {
  lifetime: Lifetime.keyWrapEngine,
  type: KeyType.eccPairSecpR1,
  bits: 256,
  usage: Usage.signHash | Usage.signMessage,
  algorithm: Algorithm.ecdsaSha256,
}

const container = encodeContainer({
  keyKind: 'LU',
  iv: concat(Uint8Array.of(2, 0, 0, 0), random.bytes(12)),
  tag: random.bytes(16),
  wrappedKey: random.bytes(32),
})

/** A key that the device wrapped, as its file has it. */
const device = psaDevice()
device.crypto.generateKey(wrappedSigningKey)
const stored = device.storage.get(1)
const wrapped = stored.status === 0 ? stored.value : new Uint8Array()

/** What a device reads back from its flash, its storage and the line: none of it may be trusted. */
export const psaDecoders: readonly FuzzDecoder[] = [
  {
    name: 'psa-storage',
    targets: [
      {
        name: 'psa-key-file',
        seeds: () => [encodeKeyFile({ attributes, data: new Uint8Array(64) })],
        run: (octets) => {
          const file = decodeKeyFile(octets)
          if (file.status !== 0) return
          const again = encodeKeyFile(file.value)
          const isSame = (from: number, to: number): boolean =>
            equalOctets(again.subarray(from, to), octets.subarray(from, to))
          // The second algorithm is not looked at, and neither is what stands behind the data.
          expectLaw(isSame(0, 28) && isSame(32, again.length), 'a key file comes back as it was')
        },
      },
      {
        name: 'its-record',
        seeds: () => [recordOf(Uint8Array.of(1, 2, 3))],
        run: (octets) => {
          const medium = memoryMedium()
          medium.write(1, octets)
          const found = storageOn(medium).get(1)
          const isOwn = equalOctets(octets, recordOf(Uint8Array.of(1, 2, 3)))
          expectLaw((found.status === 0) === isOwn, 'only the record that was written opens')
        },
      },
      {
        name: 'kwe-key-buffer',
        seeds: () => [wrapped],
        run: (octets) => {
          device.crypto.purgeKey(1)
          if (device.storage.set(1, octets) !== 0) return
          const signed = device.crypto.signHash({
            key: 1,
            algorithm: Algorithm.ecdsaSha256,
            hash: new Uint8Array(32),
          })
          if (signed.status !== 0) return
          const isUntouched = equalOctets(octets.subarray(36, 100), wrapped.subarray(36))
          expectLaw(isUntouched, 'a changed key does not sign')
        },
      },
    ],
  },
  {
    name: 'psa-import',
    targets: [
      {
        name: 'rsse-container',
        seeds: () => [container],
        run: (octets) => {
          if (!isSoundContainer(octets, 32)) return
          expectLaw(keyBufferIn(octets, 32).length === 64, 'a sound container holds a key buffer')
        },
      },
      {
        name: 'rsa-key',
        seeds: () => [rsaKey],
        run: (data) => {
          const crypto = new PsaCrypto({ storage: storageOn(memoryMedium()), random })
          crypto.init()
          const imported = crypto.importKey({
            attributes: {
              ...attributes,
              lifetime: Lifetime.volatile,
              id: 0,
              bits: 0,
              type: KeyType.rsaPair,
            },
            data,
          })
          expectLaw(
            imported.status !== 0 || equalOctets(data, rsaKey),
            'the numbers of an RSA key belong together',
          )
        },
      },
      {
        name: 'dua-certificate-parts',
        seeds: () => [new Uint8Array(0x200).fill(0xff), random.bytes(0x200)],
        run: (octets) => {
          const rebuilt = rebuildCertificate(octets, 'u3-user-fu')
          expectLaw(
            rebuilt.status !== 1 || rebuilt.certificate.length <= 512,
            'a certificate fits the buffer of the utility',
          )
        },
      },
    ],
  },
]

const rsaKey = new Uint8Array(
  generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({
    format: 'der',
    type: 'pkcs1',
  }),
)

function storageOn(medium: ReturnType<typeof memoryMedium>): InternalTrustedStorage {
  const fixed = { bytes: (length: number) => new Uint8Array(length).fill(7) }
  return new InternalTrustedStorage({
    medium,
    hardwareUniqueKey: new Uint8Array(32),
    random: fixed,
  })
}

function recordOf(data: Uint8Array): Uint8Array {
  const medium = memoryMedium()
  storageOn(medium).set(1, data)
  return medium.read(1) ?? new Uint8Array()
}
