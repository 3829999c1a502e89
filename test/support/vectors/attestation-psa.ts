import { sha256 } from '@keyline/crypto'
import { toHex } from '@keyline/bytes'
import {
  encodeKeyFile,
  keptAttributes,
  lifetimeOf,
  Lifetime,
  Usage,
  type KeyAttributes,
} from '@keyline/psa'
import { caseOf, comparedMembers } from './attestation-case.ts'
import type { CaseResult, VectorCheck } from './case.ts'
import { attestationOf, psaDevice, type PsaDevice } from './psa-device.ts'
import type { VectorReader } from './vector-reader.ts'

/** Calls of PSA Crypto and of the attestation service, with the status that each of them answers. */
export const check: VectorCheck = async (file) => {
  const vector = caseOf(file)
  const input = vector.object('input')
  if (input.has('persistence_location_pairs')) return [lifetimes(vector, input)]
  if (input.has('key_buffer_hex')) return [keyFile(vector, input)]
  const run = calls.get(input.text('call'))
  if (run === undefined) throw new TypeError(`the call ${input.text('call')} is not known`)
  return [comparedMembers(vector, run(input))]
}

type Outcome = Readonly<Record<string, () => unknown>>

const calls: ReadonlyMap<string, (input: VectorReader) => Outcome> = new Map([
  ['psa_import_key', importKey],
  ['psa_generate_key', generateKey],
  ['psa_sign_hash', signHash],
  ['psa_verify_hash', verifyHash],
  ['psa_export_key', exportKey],
  ['psa_export_public_key', exportPublicKey],
  ['psa_destroy_key', destroyKey],
  ['psa_hash_compute', hashCompute],
  ['psa_initial_attest_get_token', getToken],
  ['psa_initial_attest_get_token_size', getTokenSize],
])

function lifetimes(vector: VectorReader, input: VectorReader): CaseResult {
  const pairs = input.list('persistence_location_pairs')
  return comparedMembers(vector, {
    lifetimes: () =>
      pairs.map((pair) => {
        const [persistence, location] = Array.isArray(pair) ? pair.map(Number) : []
        const lifetime = lifetimeOf({ persistence: persistence ?? -1, location: location ?? -1 })
        return `0x${lifetime.toString(16).padStart(8, '0')}`
      }),
  })
}

function keyFile(vector: VectorReader, input: VectorReader): CaseResult {
  const asked = attributesOf(input.object('attributes'))
  const attributes = keptAttributes(asked, asked)
  const data = input.octets('key_buffer_hex')
  return comparedMembers(vector, { file_hex: () => toHex(encodeKeyFile({ attributes, data })) })
}

function importKey(input: VectorReader): Outcome {
  const args = input.object('args')
  const attributes = attributesOf(args.object('attributes'))
  const device = psaDevice()
  const data = scalar.subarray(0, args.number('data_length'))
  if (args.has('precondition')) device.crypto.importKey({ attributes, data })
  const { status } = device.crypto.importKey({ attributes, data })
  return { status: () => status, stored_key_buffer_length: () => storedData(device).length }
}

function generateKey(input: VectorReader): Outcome {
  const attributes = attributesOf(input.object('args').object('attributes'))
  return { status: () => psaDevice().crypto.generateKey(attributes).status }
}

function signHash(input: VectorReader): Outcome {
  const args = input.object('args')
  const device = psaDevice()
  const key = args.has('key') ? makeKey(device, args) : numberOf(args.text('key_id'))
  const output = device.crypto.signHash({
    key,
    algorithm: numberOf(args.text('alg')),
    hash: new Uint8Array(args.number('hash_length')).fill(0x42),
    size: args.number('signature_size'),
  })
  return { status: () => output.status, signature_length: () => output.length }
}

/** The public key of a pair that signed, in the local location. */
function verifyHash(input: VectorReader): Outcome {
  const args = input.object('args')
  const { crypto } = psaDevice()
  const attributes = attributesOf(args.object('key'))
  const algorithm = numberOf(args.text('alg'))
  const pair = crypto.generateKey({
    ...attributes,
    lifetime: Lifetime.volatile,
    type: 0x3000 + attributes.type,
    usage: Usage.signHash,
  })
  const id = pair.status === 0 ? pair.value : 0
  const hash = sha256(new Uint8Array(args.number('hash_length')))
  const signed = crypto.signHash({
    key: id,
    algorithm,
    hash,
    size: args.number('signature_length'),
  })
  const publicKey = crypto.exportPublicKey(id)
  const data = publicKey.buffer.subarray(0, publicKey.length)
  const imported = crypto.importKey({ attributes, data })
  const key = imported.status === 0 ? imported.value : 0
  const signature = signed.buffer
  if (args.has('signature')) signature[7] = (signature[7] ?? 0) ^ 0x10
  return { status: () => crypto.verifyHash({ key, algorithm, hash, signature }) }
}

function exportKey(input: VectorReader): Outcome {
  const device = psaDevice()
  const key = makeKey(device, input.object('args'))
  return { status: () => device.crypto.exportKey(key).status }
}

function exportPublicKey(input: VectorReader): Outcome {
  const args = input.object('args')
  const device = psaDevice()
  const output = device.crypto.exportPublicKey(makeKey(device, args), args.number('buffer_size'))
  return {
    status: () => output.status,
    output_length: () => output.length,
    first_byte: () => `0x${toHex(output.buffer.subarray(0, 1))}`,
  }
}

function destroyKey(input: VectorReader): Outcome {
  const args = input.object('args')
  if (args.has('key_id')) {
    return { status: () => psaDevice().crypto.destroyKey(numberOf(args.text('key_id'))) }
  }
  const attributes = attributesOf(args.object('key'))
  const precondition = args.has('precondition') ? args.text('precondition') : 'none'
  switch (precondition) {
    case 'built-in key provided by the platform': {
      const builtInKeys = [{ attributes, data: new Uint8Array(64) }]
      return { status: () => psaDevice({ builtInKeys }).crypto.destroyKey(attributes.id) }
    }
    case 'already destroyed':
    case 'none': {
      const device = psaDevice()
      const key = makeKey(device, args)
      if (precondition !== 'none') device.crypto.destroyKey(key)
      return { status: () => device.crypto.destroyKey(key) }
    }
    default:
      throw new TypeError(`the precondition ${precondition} is not known`)
  }
}

function hashCompute(input: VectorReader): Outcome {
  const args = input.object('args')
  const output = psaDevice().crypto.hashCompute({
    algorithm: numberOf(args.text('alg')),
    input: args.octets('input_hex'),
    size: args.number('buffer_size'),
  })
  return {
    status: () => output.status,
    output_hex: () => toHex(output.buffer.subarray(0, output.length)),
  }
}

function getToken(input: VectorReader): Outcome {
  const service = attestationOf(psaDevice())
  const asked = service.getTokenSize(input.number('size_query_challenge_length'))
  const size = asked.status === 0 ? asked.value : input.number('token_buffer_size')
  const challenge = new Uint8Array(input.number('challenge_length')).fill(0x77)
  return { status: () => service.getToken(challenge, -1, size).status }
}

function getTokenSize(input: VectorReader): Outcome {
  const service = attestationOf(psaDevice())
  return { status: () => service.getTokenSize(input.number('challenge_length')).status }
}

function makeKey({ crypto }: PsaDevice, args: VectorReader): number {
  const made = crypto.generateKey(attributesOf(args.object('key')))
  if (made.status !== 0) throw new TypeError(`the key of the case is refused: ${made.status}`)
  return made.value
}

/** Data of the key file behind its head of 36 octets. */
function storedData({ storage }: PsaDevice): Uint8Array {
  const file = storage.get(1)
  return file.status === 0 ? file.value.subarray(36) : new Uint8Array()
}

export function attributesOf(vector: VectorReader): KeyAttributes {
  return {
    type: numberOf(vector.text('type')),
    bits: vector.number('bits'),
    lifetime: numberOf(vector.text('lifetime')),
    id: numberOf(vector.text('id')),
    usage: numberOf(vector.text('usage')),
    algorithm: numberOf(vector.text('alg')),
  }
}

export function numberOf(text: string): number {
  if (!/^0x[0-9a-f]+$/.test(text)) throw new TypeError(`${text} is no hexadecimal number`)
  return Number(text)
}

/** A clear scalar; the cases of other types take its first octets for any data. */
const scalar = new Uint8Array(96).fill(0x42)
