import { concat, Secret, toHex } from '@keyline/bytes'
import { curvePublicKey, verifyDigest, verifyMessage } from '@keyline/crypto'
import { decodeRequest, Form } from '@keyline/stsafe/layout'
import { splitOf, type ApiCall } from './stsafe-calls.ts'
import { keyTypeOf } from './stsafe-case.ts'
import {
  authenticatorOf,
  curveOf,
  derivedKeyInformationOf,
  hostKeysOf,
  keyInformationOf,
  plainPayload,
  type Call,
} from './stsafe-inputs.ts'

const nothing = {}
const permanent = { permanent: true }
const empty = new Uint8Array()

/** Asymmetric keys, MACs, ciphers, envelopes, derivations. */
export const useCalls: Readonly<Record<string, ApiCall>> = {
  stse_generate_ecc_key_pair: async ({ chip, inputs }) => {
    const [slot, usageLimit] = [inputs.number('slot'), inputs.number('usageLimit')]
    const input = { slot, usageLimit, curve: curveOf(inputs) }
    return { publicKey: toHex(await chip.ecc.generateKeyPair(input)) }
  },
  stse_generate_ECDHE_key_pair: async ({ chip, inputs }) => ({
    publicKey: toHex(await chip.ecc.generateEcdheKeyPair(curveOf(inputs))),
  }),
  stse_ecc_generate_signature: async ({ chip, inputs, vector }) => {
    const [slot, curve] = [inputs.number('slot'), curveOf(inputs)]
    const message = inputs.octets('message')
    const signature = await chip.ecc.sign({ slot, curve, message })
    return { signature: toHex(signature), publicKey: signerOf(vector, { message, signature }) }
  },
  stse_ecc_verify_signature: async ({ chip, inputs, vector }) => {
    const request = vector.exchanges[0]?.request ?? empty
    const signature = inputs.has('signature')
      ? inputs.octets('signature')
      : decodeRequest(Form.verifySignature, plainPayload(request)).signature
    const valid = await chip.ecc.verify({
      curve: curveOf(inputs),
      publicKey: inputs.octets('publicKey'),
      message: inputs.octets('message'),
      signature,
      variant: inputs.number('eddsaVariant') === 1 ? 'pre-hashed' : 'pure',
    })
    return { validity: Number(valid) }
  },
  stse_ecc_establish_shared_secret: async ({ chip, inputs }) => {
    const publicKey = inputs.octets('hostPublicKey')
    const input = { slot: inputs.number('slot'), curve: curveOf(inputs), publicKey }
    return { sharedSecret: toHex(await chip.ecc.sharedSecret(input)) }
  },
  stse_ecc_decompress_public_key: async ({ chip, inputs }) => {
    const point = inputs.number('pointRepresentationId') === 2 ? 'even' : 'odd'
    const x = inputs.octets('x')
    return { y: toHex(await chip.ecc.decompress({ curve: curveOf(inputs), point, x })) }
  },
  stsafea_generate_challenge: async ({ chip }) => ({
    challenge: toHex(await chip.ecc.generateChallenge()),
  }),
  stsafea_verify_entity_signature: async ({ chip, inputs }) => {
    const input = { slot: inputs.number('slot'), signature: inputs.octets('signature') }
    return { validity: Number(await chip.ecc.verifyEntitySignature(input)) }
  },
  stse_cmac_hmac_compute: async ({ chip, inputs }) => {
    const [slot, message] = [inputs.number('slot'), inputs.octets('message')]
    const length = inputs.number('macLength')
    return { mac: toHex(await chip.macs.compute({ slot, message, length })) }
  },
  stse_cmac_hmac_verify: async ({ chip, inputs }) => {
    const [slot, message] = [inputs.number('slot'), inputs.octets('message')]
    const verified = await chip.macs.verify({ slot, message, mac: inputs.octets('mac') })
    return { result: Number(verified) }
  },
  stse_aes_gmac_compute: async ({ chip, inputs }) => {
    const tagLength = inputs.number('tagLength')
    return { tag: toHex((await chip.ciphers.computeGmac({ ...ivOf(inputs), tagLength })).tag) }
  },
  stse_aes_gmac_verify: async ({ chip, inputs }) => {
    const tag = inputs.octets('tag')
    return { result: Number(await chip.ciphers.verifyGmac({ ...ivOf(inputs), tag })) }
  },
  stse_aes_ecb_encrypt: async ({ chip, inputs }) => ({
    ciphertext: toHex(
      await chip.ciphers.encryptEcb(inputs.number('slot'), inputs.octets('plaintext')),
    ),
  }),
  stse_aes_ecb_decrypt: async ({ chip, inputs }) => ({
    plaintext: toHex(
      await chip.ciphers.decryptEcb(inputs.number('slot'), inputs.octets('ciphertext')),
    ),
  }),
  stse_aes_ccm_encrypt: async ({ chip, inputs }) => {
    const plaintext = messageIn(inputs, 'plaintext', 'message')
    const tagLength = inputs.number('tagLength')
    const result = await chip.ciphers.encryptCcm({ ...nonceOf(inputs), plaintext, tagLength })
    return { ...encrypted(result), ...counterOf(result.counter) }
  },
  stse_aes_ccm_decrypt: async ({ chip, inputs }) => {
    const [ciphertext, tag] = [inputs.octets('ciphertext'), inputs.octets('tag')]
    return verdict(await chip.ciphers.decryptCcm({ ...nonceOf(inputs), ciphertext, tag }))
  },
  stse_aes_gcm_encrypt: async ({ chip, inputs }) => {
    const [plaintext, tagLength] = [inputs.octets('plaintext'), inputs.number('tagLength')]
    return encrypted(await chip.ciphers.encryptGcm({ ...ivOf(inputs), plaintext, tagLength }))
  },
  stse_aes_gcm_decrypt: async ({ chip, inputs }) => {
    const [ciphertext, tag] = [inputs.octets('ciphertext'), inputs.octets('tag')]
    return verdict(await chip.ciphers.decryptGcm({ ...ivOf(inputs), ciphertext, tag }))
  },
  'stse_aes_ccm_encrypt_start,stse_aes_ccm_encrypt_process,stse_aes_ccm_encrypt_finish': async ({
    chip,
    inputs,
  }) => {
    const { first, middle, last, totals } = piecesOf(inputs, 'plaintext')
    const start = { ...nonceOf(inputs), ...totals, ...first, tagLength: inputs.number('tagLength') }
    const stream = await chip.cipherStreams.encryptCcm(start)
    return { ...(await encryptOn(stream, middle, last)), ...counterOf(stream.counter, null) }
  },
  'stse_aes_gcm_encrypt_start,stse_aes_gcm_encrypt_process,stse_aes_gcm_encrypt_finish': async ({
    chip,
    inputs,
  }) => {
    const { first, middle, last } = piecesOf(inputs, 'plaintext')
    const tagLength = inputs.has('tagLength') ? inputs.number('tagLength') : 16
    const start = { ...ivOf(inputs), ...first, tagLength }
    return encryptOn(await chip.cipherStreams.encryptGcm(start), middle, last)
  },
  'stse_aes_ccm_decrypt_start,stse_aes_ccm_decrypt_process,stse_aes_ccm_decrypt_finish': async ({
    chip,
    inputs,
  }) => {
    const { first, middle, last, totals } = piecesOf(inputs, 'ciphertext')
    const start = { ...nonceOf(inputs), ...totals, ...first }
    const stream = await chip.cipherStreams.decryptCcm(start)
    for (const piece of middle) await stream.process(piece)
    return verdict(await stream.finish({ ...last, tag: inputs.octets('tag') }))
  },
  'stse_aes_gcm_decrypt_start,stse_aes_gcm_decrypt_process,stse_aes_gcm_decrypt_finish': async ({
    chip,
    inputs,
  }) => {
    const { first, middle, last } = piecesOf(inputs, 'ciphertext')
    const stream = await chip.cipherStreams.decryptGcm({ ...ivOf(inputs), ...first })
    for (const piece of middle) await stream.process(piece)
    return verdict(await stream.finish({ ...last, tag: inputs.octets('tag') }))
  },
  stsafea_generate_wrap_unwrap_key: async ({ chip, inputs }) => {
    const slot = inputs.has('slot') ? inputs.number('slot') : 0
    await chip.envelopes.generateKey(slot, keyTypeOf(inputs))
    return nothing
  },
  stsafea_wrap_payload: async ({ chip, inputs }) => {
    const slot = inputs.has('slot') ? inputs.number('slot') : 0
    return { wrapped: toHex(await chip.envelopes.wrap(slot, inputs.octets('payload'))) }
  },
  stsafea_unwrap_payload: async ({ chip, inputs }) => {
    const slot = inputs.has('slot') ? inputs.number('slot') : 0
    return { payload: toHex(await chip.envelopes.unwrap(slot, inputs.octets('wrapped'))) }
  },
  stse_derive_key: async ({ chip, inputs }) => ({
    key: toHex(await chip.derivation.derive(derivationOf(inputs), inputs.number('length'))),
  }),
  stse_derive_key_simple: async ({ chip, inputs }) => ({
    key: toHex(await chip.derivation.derive(derivationOf(inputs), inputs.number('length'))),
  }),
  stse_derive_key_from_ikm: async ({ chip, inputs }) => {
    const derivation = { ...derivationOf(inputs), input: { key: inputs.octets('ikm') } }
    return { key: toHex(await chip.derivation.derive(derivation, inputs.number('length'))) }
  },
  stse_derive_key_extract: async ({ chip, inputs }) => {
    const { input, salt } = derivationOf(inputs)
    return { prkSlot: await chip.derivation.extract(input, salt) }
  },
  stse_derive_key_expand: async ({ chip, inputs }) => {
    const what = { info: inputs.octets('info'), length: inputs.number('length') }
    return { key: toHex(await chip.derivation.expand(inputs.number('prkSlot'), what)) }
  },
  stse_derive_key_expand_multiple: async ({ chip, inputs }) => {
    const what = { info: inputs.octets('info'), lengths: inputs.numbers('lengths') }
    const keys = await chip.derivation.expandMultiple(inputs.number('prkSlot'), what)
    return { keys: keys.map((key) => toHex(key)) }
  },
  stse_derive_key_to_slot: async ({ chip, inputs }) => {
    const key = derivedKeyInformationOf(inputs.object('keyInfo'))
    return { slot: await chip.derivation.deriveToSlot(derivationOf(inputs), key) }
  },
  stse_derive_session_keys: async ({ chip, inputs }) => {
    const [slot, id] = [inputs.number('masterSlot'), inputs.number('sessionId')]
    const { encryptionKey, macKey } = await chip.derivation.sessionKeys(slot, id)
    return { encKey: toHex(encryptionKey), macKey: toHex(macKey) }
  },
}

/** Provisioning and authentication. */
export const provisioningCalls: Readonly<Record<string, ApiCall>> = {
  stse_host_key_provisioning: async ({ chip, inputs }) => {
    await chip.hostKeys.provision(hostKeysOf(inputs))
    return nothing
  },
  stse_host_key_provisioning_wrapped: provisionWrapped,
  stse_host_key_provisioning_wrapped_authenticated: provisionWrapped,
  stse_establish_host_key: establishHostKey,
  stse_establish_host_key_authenticated: establishHostKey,
  stse_write_symmetric_key_plaintext: async ({ chip, inputs }) => {
    const information = keyInformationOf(inputs.object('keyInfo'))
    await chip.symmetricKeys.write(information, new Secret(inputs.octets('key')), permanent)
    return nothing
  },
  stse_write_symmetric_key_wrapped: writeWrapped,
  stse_write_symmetric_key_wrapped_authenticated: writeWrapped,
  stse_establish_symmetric_key: establishKeys,
  stse_establish_symmetric_key_authenticated: establishKeys,
  stsafea_erase_symmetric_key_slot: async ({ chip, inputs }) => {
    await chip.symmetricKeys.erase(inputs.number('slot'), permanent)
    return nothing
  },
  stse_get_device_id: async ({ chip, inputs }) => ({
    deviceId: toHex(await chip.authentication.deviceId(inputs.number('certificateZone'))),
  }),
  stse_get_device_certificate_size: async ({ chip, inputs }) => ({
    size: await chip.authentication.certificateSize(inputs.number('certificateZone')),
  }),
  stse_get_device_certificate: async ({ chip, inputs }) => {
    const [zone, size] = [inputs.number('certificateZone'), inputs.number('size')]
    return { certificate: toHex(await chip.authentication.certificate(zone, size)) }
  },
  stse_device_authenticate: async ({ chip, inputs, vector }) => {
    await chip.authentication.authenticate({
      zone: inputs.number('certificateZone'),
      slot: inputs.number('privateKeySlot'),
      root: inputs.octets('rootCaCertificate'),
    })
    return { challenge: vector.outputs?.text('challenge') }
  },
}

async function provisionWrapped(call: Call) {
  const { chip, inputs } = call
  const curve = curveOf(inputs, inputs.has('kekCurve') ? 'kekCurve' : 'curve')
  const authenticator = authenticatorOf(call)
  await chip.hostKeys.provisionWrapped(hostKeysOf(inputs), { curve, authenticator })
  return nothing
}

async function establishHostKey(call: Call) {
  const { chip, inputs } = call
  const curve = inputs.has('curve') ? curveOf(inputs) : 'P-256'
  const options = { curve, authenticator: authenticatorOf(call) }
  const { macKey, cipherKey } = await chip.hostKeys.establish(keyTypeOf(inputs), options)
  const [mac, cipher] = [toHex(macKey.reveal()), toHex(cipherKey.reveal())]
  return { macKey: mac, cipherKey: cipher, okm: mac + cipher }
}

async function writeWrapped(call: Call) {
  const { chip, inputs } = call
  const options = { curve: curveOf(inputs, 'kekCurve'), authenticator: authenticatorOf(call) }
  const information = keyInformationOf(inputs.object('keyInfo'))
  const key = new Secret(inputs.octets('key'))
  await chip.symmetricKeys.writeWrapped(information, key, { ...options, ...permanent })
  return nothing
}

async function establishKeys(call: Call) {
  const { chip, inputs } = call
  const options = { curve: curveOf(inputs), authenticator: authenticatorOf(call), ...permanent }
  const information = inputs.objects('keyInfos').map(keyInformationOf)
  const keys = await chip.symmetricKeys.establish(information, options)
  return { keys: keys.map((key) => toHex(key.reveal())).join('') }
}

/** The public key of the slot, if the signature is by it: ECDSA takes the message for the digest. */
function signerOf(
  { inputs, outputs }: Call['vector'],
  signed: { readonly message: Uint8Array; readonly signature: Uint8Array },
): string {
  if (outputs?.has('publicKey') !== true) return ''
  const publicKey = outputs.octets('publicKey')
  const curve = curveOf(inputs)
  if (curve === 'X25519') return 'a key that makes no signature'
  const isValid =
    curve === 'Ed25519'
      ? verifyMessage(curvePublicKey(curve, publicKey), signed)
      : verifyDigest({ curve, publicKey, digest: signed.message, signature: signed.signature })
  return isValid ? toHex(publicKey) : 'another key'
}

function ivOf(inputs: Call['inputs']) {
  return { slot: inputs.number('slot'), iv: inputs.octets('iv'), aad: inputs.octets('aad') }
}

function nonceOf(inputs: Call['inputs']) {
  return { slot: inputs.number('slot'), nonce: inputs.octets('nonce'), aad: inputs.octets('aad') }
}

function messageIn(inputs: Call['inputs'], ...members: readonly string[]): Uint8Array {
  return inputs.octets(members.find((member) => inputs.has(member)) ?? '')
}

function derivationOf(inputs: Call['inputs']) {
  const slot = inputs.has('masterSlot') ? inputs.number('masterSlot') : 0
  const salt = inputs.has('salt') ? inputs.octets('salt') : empty
  return { input: { slot }, salt, info: inputs.has('info') ? inputs.octets('info') : empty }
}

function encrypted({ ciphertext, tag }: { ciphertext: Uint8Array; tag: Uint8Array }) {
  return { ciphertext: toHex(ciphertext), tag: toHex(tag) }
}

function counterOf(counter: number | undefined, absent?: null) {
  if (counter !== undefined) return { counterPresence: 1, counter }
  return { counterPresence: 0, ...(absent === null ? { counter: null } : {}) }
}

function verdict(plaintext: Uint8Array | undefined) {
  if (plaintext === undefined) return { verification: 0, plaintext: null }
  return { verification: 1, plaintext: toHex(plaintext) }
}

function piecesOf(inputs: Call['inputs'], member: string) {
  const lengths = inputs.numbers('split')
  const aad = inputs.octets('aad')
  const aadLengths = inputs.has('aadSplit') ? inputs.numbers('aadSplit') : [aad.length]
  const data = splitOf(inputs.octets(member), lengths)
  const aads = splitOf(aad, aadLengths)
  const pieces = data.map((piece, index) => ({ aad: aads[index] ?? empty, data: piece }))
  const totalData = lengths.reduce((sum, length) => sum + length, 0)
  return {
    first: pieces[0] ?? {},
    middle: pieces.slice(1, -1),
    last: pieces.at(-1) ?? {},
    totals: { totalAad: aad.length, totalData },
  }
}

type Stream = Awaited<ReturnType<Call['chip']['cipherStreams']['encryptGcm']>>
type Pieces = ReturnType<typeof piecesOf>

async function encryptOn(stream: Stream, middle: Pieces['middle'], last: Pieces['last']) {
  const parts = [stream.first]
  for (const piece of middle) parts.push(await stream.process(piece))
  const { ciphertext, tag } = await stream.finish(last)
  return { ciphertext: toHex(concat(...parts, ciphertext)), tag: toHex(tag) }
}
