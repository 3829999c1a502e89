import { encodeUtf8, equalOctets, Secret, seededRandom } from '@keyline/bytes'
import {
  isP256Point,
  open,
  p256FromEncoded,
  p256FromScalar,
  p256PublicKey,
  p256ToPkcs8,
  seal,
} from '@keyline/crypto'
import { expectLaw, type FuzzDecoder } from './target.ts'
import { vectorOctets } from './vector-seeds.ts'

const pair = p256FromScalar(new Uint8Array(32).fill(0x17))
const passphrase = new Secret(encodeUtf8('passphrase'))

const plaintext = encodeUtf8('plaintext')
const sealing = {
  key: new Secret(new Uint8Array(32).fill(1)),
  context: { record: 'record', column: 'column' },
}

export const cryptoDecoders: readonly FuzzDecoder[] = [
  {
    name: 'private key',
    targets: [
      {
        name: 'private-key',
        seeds: privateKeys,
        run: (octets) => {
          const { publicKey } = p256FromEncoded({ octets, passphrase })
          expectLaw(isP256Point(publicKey.point), 'the public key is on the curve')
        },
      },
    ],
  },
  {
    name: 'public key and sealed value',
    targets: [
      {
        name: 'public-key',
        seeds: () => [pair.publicKey.point],
        run: (octets) => {
          expectLaw(equalOctets(p256PublicKey(octets).point, octets), 'a point stays as it is')
        },
      },
      {
        name: 'sealed-value',
        seeds: () => [seal({ ...sealing, plaintext, random: seededRandom('seal') })],
        run: (sealed) => {
          using opened = open({ ...sealing, sealed })
          expectLaw(equalOctets(opened.reveal(), plaintext), 'what opens was sealed')
        },
      },
    ],
  },
]

/** PKCS#8 and SEC1, as DER and as PEM, open and encrypted. */
function privateKeys(): readonly Uint8Array[] {
  const { handle } = pair
  using pkcs8 = p256ToPkcs8(pair)
  const encrypted = { cipher: 'aes-256-cbc', passphrase: 'passphrase', type: 'pkcs8' } as const
  return [
    Uint8Array.from(pkcs8.reveal()),
    Uint8Array.from(handle.export({ format: 'der', type: 'sec1' })),
    encodeUtf8(handle.export({ format: 'pem', type: 'pkcs8' }).toString()),
    Uint8Array.from(handle.export({ ...encrypted, format: 'der' })),
    encodeUtf8(handle.export({ ...encrypted, format: 'pem' }).toString()),
    vectorOctets('matter/pem/Chip-Test-PAI-FFF1-8000-Key.pem'),
  ]
}
