import { concat, equalOctets } from '@keyline/bytes'
import {
  aesCmac,
  decryptCbc,
  decryptCcm,
  decryptGcm,
  encryptCbc,
  encryptCcm,
  encryptGcm,
  gcmStream,
  isTagOf,
  unwrapKey,
  wrapKey,
} from '@keyline/crypto'
import type { VectorReader } from './vector-reader.ts'
import { acceptedIf, sameOctets, type Algorithm } from './wycheproof-trial.ts'

/** The modes of AES, each through the function that uses it. */
export const cipherAlgorithms: readonly Algorithm[] = [
  {
    name: 'AES-CMAC',
    flags: ['InvalidKeySize', 'ModifiedTag', 'Pseudorandom'],
    trial: cmacTrial,
  },
  {
    name: 'AES-CCM',
    flags: [
      'CVE-2017-18330',
      'InsecureTagSize',
      'InvalidNonceSize',
      'InvalidTagSize',
      'ModifiedTag',
      'Pseudorandom',
    ],
    trial: ccmTrial,
  },
  {
    name: 'AES-GCM',
    flags: [
      'CounterWrap',
      'Ktv',
      'LongIv',
      'ModifiedTag',
      'Pseudorandom',
      'SmallIv',
      'SpecialCase',
      'ZeroLengthIv',
    ],
    trial: gcmTrial,
  },
  {
    name: 'AES-WRAP',
    flags: [
      'CounterOverflow',
      'EmptyKey',
      'InvalidWrappingSize',
      'ModifiedIv',
      'Normal',
      'ShortKey',
      'WrongDataSize',
    ],
    trial: wrapTrial,
    acceptable: () => 'refused',
  },
  { name: 'AES-CBC-PKCS5', flags: ['BadPadding', 'NoPadding', 'Pseudorandom'], trial: cbcTrial },
]

function cmacTrial(group: VectorReader, test: VectorReader): string {
  const mac = aesCmac(test.octets('key'), test.octets('msg'))
  return acceptedIf(equalOctets(mac.subarray(0, group.number('tagSize') / 8), test.octets('tag')))
}

function ccmTrial(group: VectorReader, test: VectorReader): string {
  const context = {
    key: test.octets('key'),
    nonce: test.octets('iv'),
    associatedData: test.octets('aad'),
    tagLength: group.number('tagSize') / 8,
  }
  const encrypted = concat(test.octets('ct'), test.octets('tag'))
  const plaintext = decryptCcm({ ...context, encrypted })
  if (plaintext === undefined) return 'refused'
  const again = encryptCcm({ ...context, plaintext: test.octets('msg') })
  return sameOctets(plaintext, test.octets('msg')) ?? sameOctets(again, encrypted) ?? 'accepted'
}

/** The stream takes any nonce; with 96 bits the one-shot functions must agree with it. */
function gcmTrial(_: VectorReader, test: VectorReader): string {
  const [key, iv] = [test.octets('key'), test.octets('iv')]
  const [aad, ciphertext, tag] = [test.octets('aad'), test.octets('ct'), test.octets('tag')]
  const opened = streamed('decrypt')
  const isAuthentic = isTagOf(tag, opened.tag)
  const context = { key, nonce: iv, associatedData: aad }
  if (iv.length === 12) {
    const plaintext = decryptGcm({ ...context, encrypted: concat(tag, ciphertext) })
    if ((plaintext !== undefined) !== isAuthentic) return 'opened in one way only'
  }
  if (!isAuthentic) return 'refused'
  const message = test.octets('msg')
  const sealed = streamed('encrypt')
  const again =
    iv.length === 12
      ? encryptGcm({ ...context, plaintext: message })
      : concat(sealed.tag, sealed.octets)
  return (
    sameOctets(opened.octets, message) ??
    sameOctets(concat(sealed.tag, sealed.octets), concat(tag, ciphertext)) ??
    sameOctets(again, concat(tag, ciphertext)) ??
    'accepted'
  )

  function streamed(direction: 'encrypt' | 'decrypt') {
    const stream = gcmStream({ direction, key, iv })
    stream.authenticate(aad)
    const input = direction === 'decrypt' ? ciphertext : test.octets('msg')
    const middle = Math.floor(input.length / 2)
    const octets = concat(
      stream.update(input.subarray(0, middle)),
      stream.update(input.subarray(middle)),
    )
    return { octets, tag: stream.tag() }
  }
}

function wrapTrial(_: VectorReader, test: VectorReader): string {
  const key = test.octets('key')
  const opened = unwrapKey({ key, octets: test.octets('ct') })
  if (opened === undefined) return 'refused'
  const again = wrapKey({ key, octets: test.octets('msg') })
  return (
    sameOctets(opened, test.octets('msg')) ?? sameOctets(again, test.octets('ct')) ?? 'accepted'
  )
}

/** CBC is ours, the padding of these vectors (PKCS #7) is not: it is put on and taken off here. */
function cbcTrial(_: VectorReader, test: VectorReader): string {
  const [key, iv] = [test.octets('key'), test.octets('iv')]
  const padded = decryptCbc({ key, iv, octets: test.octets('ct') })
  const count = padded.at(-1) ?? 0
  const isPadded = count >= 1 && count <= 16 && padded.subarray(-count).every((o) => o === count)
  if (!isPadded) return 'refused'
  const again = encryptCbc({ key, iv, octets: padded })
  const message = padded.subarray(0, -count)
  return (
    sameOctets(message, test.octets('msg')) ?? sameOctets(again, test.octets('ct')) ?? 'accepted'
  )
}
