import { equalOctets } from '@keyline/bytes'
import {
  hkdfSha256,
  hmacSha256,
  p256PublicKey,
  pbkdf2Sha256,
  verifyP256,
  verifyP256Der,
} from '@keyline/crypto'
import type { CaseResult, VectorCheck } from './case.ts'
import { VectorReader } from './vector-reader.ts'
import { cipherAlgorithms } from './wycheproof-ciphers.ts'
import { curveAlgorithms } from './wycheproof-curves.ts'
import {
  acceptedIf,
  ecdsaFlags,
  sameOctets,
  type Algorithm,
  type Trial,
} from './wycheproof-trial.ts'

/** The primitives that Keyline uses today, each through the function that uses it. */
const algorithms: readonly Algorithm[] = [
  ...cipherAlgorithms,
  ...curveAlgorithms,
  {
    name: 'ECDSA secp256r1 SHA-256',
    flags: [
      ...ecdsaFlags,
      'BerEncodedSignature',
      'InvalidEncoding',
      'InvalidTypesInSignature',
      'MissingZero',
      'ModifiedSignature',
    ],
    trial: ecdsaTrial(verifyP256Der),
  },
  {
    name: 'ECDSA-P1363 secp256r1 SHA-256',
    flags: [...ecdsaFlags, 'SignatureSize'],
    trial: ecdsaTrial(verifyP256),
  },
  { name: 'HMACSHA256', flags: ['ModifiedTag', 'Pseudorandom'], trial: hmacTrial },
  {
    name: 'HKDF-SHA-256',
    flags: ['EmptySalt', 'MaximalOutputSize', 'Normal', 'OutputCollision', 'SizeTooLarge'],
    trial: hkdfTrial,
  },
  {
    name: 'PBKDF2-HMACSHA256',
    flags: ['Ascii', 'NonUtf8', 'Printable', 'Pseudorandom', 'Rfc7914', 'Utf8'],
    trial: pbkdf2Trial,
  },
]

/** The algorithm of a file with its curve and hash: `ECDSA secp256r1 SHA-256`, `AES-CMAC`. */
export function describeAlgorithm(json: unknown): string {
  const file = new VectorReader('wycheproof', json)
  const [group] = file.objects('testGroups')
  const type = group?.text('type') ?? 'no type'
  if (type.startsWith('Ecdh')) return `${type} ${group?.text('curve') ?? ''}`
  if (type.startsWith('Xdh')) return type
  if (!type.startsWith('Ecdsa')) return file.has('algorithm') ? file.text('algorithm') : type
  const curve = group?.object('publicKey').text('curve') ?? ''
  const form = type === 'EcdsaP1363Verify' ? 'ECDSA-P1363' : 'ECDSA'
  return `${form} ${curve} ${group?.text('sha') ?? ''}`
}

export function isAlgorithmUsed(json: unknown): boolean {
  return algorithms.some(({ name }) => name === describeAlgorithm(json))
}

/** Project Wycheproof, format of `testvectors_v1`. */
export const check: VectorCheck = async ({ path, json }) => {
  const algorithm = algorithms.find(({ name }) => name === describeAlgorithm(json))
  if (algorithm === undefined) throw new TypeError(`${path} tests an algorithm that is not used`)
  const file = new VectorReader(path, json)
  const results: CaseResult[] = []
  for (const group of file.objects('testGroups')) {
    for (const test of group.objects('tests')) {
      results.push(await runTest(algorithm, group, test))
    }
  }
  if (results.length !== file.number('numberOfTests')) {
    throw new TypeError(
      `${path} names ${file.number('numberOfTests')} tests, has ${results.length}`,
    )
  }
  return results
}

async function runTest(
  { trial, flags, acceptable }: Algorithm,
  group: VectorReader,
  test: VectorReader,
): Promise<CaseResult> {
  const id = `tcId ${test.number('tcId')}`
  const unknown = test.texts('flags').filter((flag) => !flags.includes(flag))
  if (unknown.length > 0) {
    return { id, ok: false, expected: 'known flags', actual: unknown.join(', ') }
  }
  const expected = expectedOf(test, acceptable)
  // An async call, so that a trial that throws at once is a refusal too.
  const actual = await (async () => trial(group, test))().catch(refusalOf)
  return { id, ok: actual === expected, expected, actual }
}

/** What the standard leaves open is decided once for each algorithm, so that it cannot change unseen. */
function expectedOf(test: VectorReader, acceptable: Algorithm['acceptable']): string {
  const result = test.text('result')
  if (result === 'acceptable') return acceptable?.(test.texts('flags')) ?? 'a decision'
  return result === 'valid' ? 'accepted' : 'refused'
}

/** A thrown error is a refusal; what it says helps to see a refusal for the wrong reason. */
function refusalOf(error: unknown): string {
  if (error instanceof TypeError) throw error
  return 'refused'
}

function ecdsaTrial(verify: typeof verifyP256): Trial {
  return (group, test) =>
    acceptedIf(
      verify({
        publicKey: p256PublicKey(group.object('publicKey').octets('uncompressed')),
        message: test.octets('msg'),
        signature: test.octets('sig'),
      }),
    )
}

function hmacTrial(group: VectorReader, test: VectorReader): string {
  const tag = hmacSha256(test.octets('key'), test.octets('msg'))
  return acceptedIf(equalOctets(tag.subarray(0, group.number('tagSize') / 8), test.octets('tag')))
}

async function hkdfTrial(_: VectorReader, test: VectorReader): Promise<string> {
  const output = hkdfSha256({
    secret: test.octets('ikm'),
    salt: test.octets('salt'),
    info: test.octets('info'),
    length: test.number('size'),
  })
  return sameOctets(output, test.octets('okm')) ?? 'accepted'
}

async function pbkdf2Trial(_: VectorReader, test: VectorReader): Promise<string> {
  const output = await pbkdf2Sha256({
    password: test.octets('password'),
    salt: test.octets('salt'),
    iterations: test.number('iterationCount'),
    length: test.number('dkLen'),
  })
  return sameOctets(output, test.octets('dk')) ?? 'accepted'
}
