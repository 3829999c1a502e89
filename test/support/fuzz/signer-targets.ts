import { concat, equalOctets } from '@keyline/bytes'
import {
  createSigningCheck,
  decodeSignerMessage,
  encodeSignerMessage,
  formatPkcs11Uri,
  parsePkcs11Uri,
  roleOf,
  SignerFrames,
  type SignerMessage,
} from '@keyline/issuer'
import { assembleCertificate, parseCertificate } from '@keyline/x509'
import { expectLaw, textTarget, type FuzzDecoder } from './target.ts'
import { vectorOctets } from './vector-seeds.ts'

const messages: readonly SignerMessage[] = [
  { kind: 'hello', version: 1 },
  { kind: 'welcome', version: 1, custody: 'module', point: new Uint8Array(65).fill(4) },
  { kind: 'sign', id: 7, toBeSigned: new Uint8Array(40).fill(0x30) },
  { kind: 'signature', id: 7, signature: new Uint8Array(70).fill(0x30) },
  { kind: 'refusal', id: 7, code: 'ISSUER_SIGNER_LIMIT', message: 'enough' },
]
const longestFrame = 1024

const pem = 'matter/pem/Matter-Development-'
const signingCheck = createSigningCheck(vectorOctets(`${pem}PAI-FFF1-noPID-Cert.der`))

/** What a signer process and its client read from each other, and the name of a key that a person writes. */
export const signerDecoders: readonly FuzzDecoder[] = [
  {
    name: 'name of a key',
    targets: [
      textTarget(
        'pkcs11-uri',
        () => [
          'pkcs11:token=My%20token;serial=0123;object=pai;id=%69%95?module-path=/usr/lib/p11.so&pin-source=file:/pin',
          'pkcs11:slot-id=3;manufacturer=A,%20B;model=x;id=%00;type=private',
        ],
        (text) => {
          const spelling = formatPkcs11Uri(parsePkcs11Uri(text))
          expectLaw(
            formatPkcs11Uri(parsePkcs11Uri(spelling)) === spelling,
            'the spelling of a name is its own spelling',
          )
        },
      ),
    ],
  },
  {
    name: 'messages of a signer',
    targets: [
      {
        name: 'signer-message',
        seeds: () => messages.map((message) => encodeSignerMessage(message).subarray(4)),
        run: (octets) => {
          const encoded = encodeSignerMessage(decodeSignerMessage(octets)).subarray(4)
          expectLaw(equalOctets(encoded, octets), 'a message encodes back')
        },
      },
      {
        name: 'signer-frames',
        seeds: () => [concat(...messages.map(encodeSignerMessage))],
        run: (octets) => {
          const frames = new SignerFrames(longestFrame)
          const cut = octets.length >> 1
          const taken = [
            ...frames.take(octets.subarray(0, cut)),
            ...frames.take(octets.subarray(cut)),
          ]
          const whole = new SignerFrames(longestFrame).take(octets)
          expectLaw(taken.length === whole.length, 'a cut between pieces changes no frame')
        },
      },
      {
        name: 'signer-request',
        seeds: () => [parseCertificate(vectorOctets(`${pem}DAC-FFF1-8004-Cert.der`)).tbs],
        run: (octets) => {
          if (signingCheck(octets) !== 'certificate') return
          const certificate = parseCertificate(assembleCertificate(octets, new Uint8Array(70)))
          expectLaw(roleOf(certificate) === 'DAC', 'no certificate of an authority is signed')
        },
      },
    ],
  },
]
