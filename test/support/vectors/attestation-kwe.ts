import { concat, toHex, type Random } from '@keyline/bytes'
import { sha256, verifyDigest } from '@keyline/crypto'
import {
  Algorithm,
  decodeKeyFile,
  encodeKeyFile,
  keptAttributes,
  KeyType,
  KeyWrapEngine,
  Lifetime,
  Usage,
  type KeyAttributes,
} from '@keyline/psa'
import { curveAdditionalData, type CcbCurve, type WrappedUsage } from '@keyline/psa/ccb'
import { caseOf, comparedMembers } from './attestation-case.ts'
import { attributesOf, numberOf } from './attestation-psa.ts'
import type { CaseResult, VectorCheck } from './case.ts'
import { psaDevice, wrappedSigningKey, type PsaDevice } from './psa-device.ts'
import type { VectorReader } from './vector-reader.ts'

/** Buffers of the Key Wrap Engine over the simulated CCB: made, used, changed, imported. */
export const check: VectorCheck = async (file) => {
  const vector = caseOf(file)
  const run = runners.get(vector.text('check'))
  if (run === undefined) throw new TypeError(`the check ${vector.text('check')} is not known`)
  return [run(vector, vector.object('input'))]
}

const runners: ReadonlyMap<string, (vector: VectorReader, input: VectorReader) => CaseResult> =
  new Map([
    ['ccb-wrap', wrap],
    ['ccb-use', use],
    ['ccb-use-fails', useFails],
    ['rsse-import', rsseImport],
    ['aes-wrap', aesWrap],
    ['kwe-sizes', sizes],
  ])

function wrap(vector: VectorReader, input: VectorReader): CaseResult {
  const words = input.texts('iv_words').slice(1)
  const iv = concat(...words.map((word) => Uint8Array.from(Buffer.from(word, 'hex')).toReversed()))
  const dhuk = input.octets('dhuk_hex')
  const device = psaDevice({ dhuk, ccbRandom: forced(iv) })
  const usage = usageOf(input.text('usage'))
  const attributes = { ...wrappedSigningKey, ...policyOf(usage), bits: 0 }
  const privateKey = input.octets('private_key_hex')
  device.crypto.importKey({ attributes, data: privateKey })
  const buffer = storedData(device, 1)
  const additionalData = curveAdditionalData(usage, curveOf(input))
  const blob = {
    iv: buffer.subarray(0, 16),
    tag: buffer.subarray(16, 32),
    parts: [buffer.subarray(32)],
  }
  const point = device.ccb.publicKey({ curve: curveOf(input), blob }, usage)
  return comparedMembers(vector, {
    aad_bits: () => 8 * additionalData.length,
    aad_sha256_hex: () => toHex(sha256(additionalData)),
    aad_first_3_blocks_hex: () => toHex(additionalData.subarray(0, 48)),
    gcm_nonce_hex: () => toHex(blob.iv.subarray(4).toReversed()),
    gcm_ciphertext_hex: () => toHex(buffer.subarray(32).toReversed()),
    gcm_tag_hex: () =>
      [0, 4, 8, 12].map((at) => toHex(blob.tag.slice(at, at + 4).toReversed())).join(''),
    key_buffer_hex: () => toHex(buffer),
    key_buffer_length: () => buffer.length,
    public_key_hex: () => (point.ok ? `04${toHex(point.value)}` : point.reason),
  })
}

function use(vector: VectorReader, input: VectorReader): CaseResult {
  const device = deviceWith(input)
  const hash = input.octets('hash_hex')
  const signature = sign(device, hash, 1)
  const exported = device.crypto.exportPublicKey(1)
  const publicKey = exported.buffer.subarray(0, exported.length)
  const example = vector.object('expect').octets('example_signature_hex')
  const isGood = [signature.buffer.subarray(0, signature.length), example].every((candidate) =>
    verifyDigest({
      curve: 'P-256',
      publicKey: publicKey.subarray(1),
      digest: hash,
      signature: candidate,
    }),
  )
  return comparedMembers(vector, {
    status: () => (isGood ? signature.status : 'a signature that does not verify'),
    signature_length: () => signature.length,
    public_key_hex: () => toHex(publicKey),
  })
}

function useFails(vector: VectorReader, input: VectorReader): CaseResult {
  const hash = new Uint8Array(32).fill(0x42)
  const device = deviceWith(input)
  if (input.has('usage') && usageOf(input.text('usage')) === 'ecc') {
    const agreed = agree(device)
    return comparedMembers(vector, {
      psa_status: () => agreed.status,
      psa_status_compat_raw_driver: () => agree(deviceWith(input, true)).status,
    })
  }
  const output = sign(device, hash, 1)
  const isFilled = output.length === 0 && output.buffer.every((octet) => octet === 0x21)
  return comparedMembers(vector, {
    psa_status: () => output.status,
    psa_status_compat_raw_driver: () => sign(deviceWith(input, true), hash, 1).status,
    hal_state: () => (device.ccb.state === 3 ? 'ERROR (3)' : device.ccb.state),
    hal_error: () => (device.ccb.error === 2 ? 'OPERATION (2)' : device.ccb.error),
    output_fill_byte: () => (isFilled ? '21' : toHex(output.buffer)),
  })
}

function rsseImport(vector: VectorReader, input: VectorReader): CaseResult {
  const given = input.has('attributes') ? input.object('attributes') : undefined
  const id = given === undefined ? 0x3fff_ffff : numberOf(given.text('id'))
  const attributes =
    given?.has('type') === true ? attributesOf(given) : { ...wrappedSigningKey, id }
  const imported = (stCompat: boolean) => {
    const device = psaDevice({ dhuk: input.octets('dhuk_hex'), engine: { stCompat } })
    const { status } = device.crypto.importKey({
      attributes,
      data: input.octets('rsse_blob_hex'),
      dataLength: input.number('declared_data_length'),
    })
    return { device, status }
  }
  const strict = imported(false)
  const firstUse = ({ device }: ReturnType<typeof imported>) =>
    sign(device, new Uint8Array(32), id).status
  return comparedMembers(vector, {
    status: () => strict.status,
    status_strict: () => strict.status,
    status_st_compat: () => imported(true).status,
    first_use_status: () => firstUse(strict),
    first_use_status_st_compat: () => firstUse(imported(true)),
    stored_key_buffer_hex: () => toHex(storedData(strict.device, id)),
    stored_key_buffer_length: () => storedData(strict.device, id).length,
    public_key_hex: () => {
      const { buffer, length } = strict.device.crypto.exportPublicKey(id)
      return toHex(buffer.subarray(0, length))
    },
  })
}

function aesWrap(vector: VectorReader, input: VectorReader): CaseResult {
  const iv = input.has('iv_hex') ? input.octets('iv_hex') : undefined
  const device = psaDevice({
    dhuk: input.has('dhuk_hex') ? input.octets('dhuk_hex') : undefined,
    ccbRandom: forced(iv ?? new Uint8Array()),
    engine: { symmetricWrapping: iv === undefined ? 'ecb' : 'cbc' },
  })
  const { status } = device.crypto.importKey({
    attributes: {
      type: KeyType.aes,
      bits: 0,
      lifetime: Lifetime.keyWrapEngine,
      id: 1,
      usage: Usage.encrypt,
      algorithm: Algorithm.gcm,
    },
    data: input.octets('key_hex'),
  })
  return comparedMembers(vector, {
    psa_status: () => status,
    key_buffer_hex: () => toHex(storedData(device, 1)),
    key_buffer_length: () => storedData(device, 1).length,
  })
}

function sizes(vector: VectorReader, input: VectorReader): CaseResult {
  const { ccb } = psaDevice()
  const random = forced(new Uint8Array())
  return comparedMembers(vector, {
    driver_size: () =>
      input.objects('cases').map((item) => {
        const symmetricWrapping = item.text('type').endsWith('ECB') ? 'ecb' : 'cbc'
        const engine = new KeyWrapEngine({ ccb, random, symmetricWrapping })
        const type = item.text('type').startsWith('AES') ? KeyType.aes : KeyType.eccPairSecpR1
        return engine.keyBufferSize({ type, bits: item.number('bits') }, 0)
      }),
  })
}

/** Gives these octets first; what comes behind them does not matter. */
function forced(first: Uint8Array): Random {
  let left = first
  return {
    bytes(length) {
      const given = left.slice(0, length)
      left = left.subarray(length)
      return concat(given, new Uint8Array(length - given.length).fill(0x42))
    },
  }
}

/** A device whose store holds the key buffer of the case. */
function deviceWith(input: VectorReader, stCompat = false): PsaDevice {
  const dhuk = input.has('dhuk_hex') ? input.octets('dhuk_hex') : undefined
  const device = psaDevice({ dhuk, engine: { stCompat } })
  const data = input.octets('key_buffer_hex')
  const usage = input.has('usage') ? usageOf(input.text('usage')) : 'ecdsa'
  const bits = curveOf(input) === 'P-256' ? 256 : 384
  const key = { ...wrappedSigningKey, ...policyOf(usage), bits }
  const attributes = keptAttributes(key, key)
  device.storage.set(1, encodeKeyFile({ attributes, data }))
  return device
}

/** With the public key of another pair. */
function agree({ crypto }: PsaDevice) {
  const peer = crypto.generateKey({ ...wrappedSigningKey, id: 2 })
  const { buffer, length } = crypto.exportPublicKey(peer.status === 0 ? peer.value : 0)
  return crypto.rawKeyAgreement({
    key: 1,
    algorithm: Algorithm.ecdh,
    peerKey: buffer.subarray(0, length),
  })
}

function sign({ crypto }: PsaDevice, hash: Uint8Array, key: number) {
  return crypto.signHash({ key, algorithm: Algorithm.ecdsaSha256, hash })
}

function storedData({ storage }: PsaDevice, id: number): Uint8Array {
  const stored = storage.get(id)
  const file = stored.status === 0 ? decodeKeyFile(stored.value) : stored
  return file.status === 0 ? file.value.data : new Uint8Array()
}

function policyOf(usage: WrappedUsage): Pick<KeyAttributes, 'usage' | 'algorithm'> {
  return usage === 'ecdsa'
    ? { usage: Usage.signHash, algorithm: Algorithm.ecdsaSha256 }
    : { usage: Usage.derive, algorithm: Algorithm.ecdh }
}

function usageOf(text: string): WrappedUsage {
  if (text === 'ecdsa' || text === 'ecc') return text
  throw new TypeError(`the usage ${text} is not known`)
}

function curveOf(input: VectorReader): CcbCurve {
  const curve = input.has('curve') ? input.text('curve') : 'P-256'
  if (curve === 'P-256' || curve === 'P-384') return curve
  throw new TypeError(`the curve ${curve} is not known`)
}
