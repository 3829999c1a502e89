import { Secret, type Random } from '@keyline/bytes'
import type { KeyInformation } from '../layout/symmetric-key.ts'
import type { Stsafe } from '../stsafe.ts'

const message = new Uint8Array(16).fill(0x5a)
const permanent = { permanent: true } as const
const secret = (): Secret => new Secret(new Uint8Array(16))

const key: KeyInformation = {
  lock: 'locked',
  slot: 1,
  type: 'AES-128',
  mode: 'GCM',
  usage: ['encrypt'],
  tagLength: 16,
}

const noFlags = {
  changeRight: false,
  establishSymmetricKeys: false,
  startKekSession: false,
  entityAuthentication: false,
  establishHostKey: false,
}

/** One call of every function that sends a command, with arguments that go on the bus. For tests. */
export const everyCall: Readonly<
  Record<string, (chip: Stsafe, random: Random) => Promise<unknown>>
> = {
  initialise: (chip) => chip.initialise(),
  openSession: (chip) => chip.openSession({ macKey: secret(), cipherKey: secret() }),
  echo: (chip) => chip.device.echo(message),
  reset: (chip) => chip.device.reset(),
  random: (chip) => chip.device.random(300),
  hibernate: (chip) => chip.device.hibernate('reset', { onAnyPart: true }),
  productData: (chip) => chip.device.productData(),
  lifeCycleState: (chip) => chip.device.lifeCycleState(),
  lock: (chip) => chip.device.lock(message),
  unlock: (chip) => chip.device.unlock(message),
  passwordSlot: (chip) => chip.device.passwordSlot(),
  putPassword: (chip) => chip.device.putPassword(message, { maxTries: 5 }),
  deletePassword: (chip) => chip.device.deletePassword(),
  i2cParameters: (chip) => chip.device.i2cParameters(),
  putI2cParameters: (chip) =>
    chip.device.putI2cParameters(
      { address: { address: 0x33 }, power: { locked: true, lowPower: 'standby', idle: 31 } },
      permanent,
    ),
  commandAuthorization: (chip) => chip.device.commandAuthorization(),
  putCommandAccess: (chip) => chip.device.putCommandAccess([], permanent),
  putCommandEncryption: (chip) => chip.device.putCommandEncryption([], permanent),
  zoneTable: (chip) => chip.zones.table(),
  readZone: (chip) => chip.zones.read({ zone: 1, offset: 0, length: 40 }, { chunkSize: 16 }),
  readCounter: (chip) => chip.zones.readCounter({ zone: 5, offset: 0, length: 16 }),
  updateZone: (chip) => chip.zones.update({ zone: 1, offset: 0, data: message }),
  decrement: (chip) => chip.zones.decrement({ zone: 5, offset: 0, data: message, amount: 1 }),
  changeReadAccess: (chip) =>
    chip.zones.changeReadAccess(1, { access: 'host', changeRight: true }, permanent),
  privateKeyTable: (chip) => chip.ecc.table(),
  privateKeySlot: (chip) => chip.ecc.slot(1),
  generateKeyPair: (chip) => chip.ecc.generateKeyPair({ slot: 1, curve: 'P-256', usageLimit: 255 }),
  generateEcdheKeyPair: (chip) => chip.ecc.generateEcdheKeyPair('brainpoolP256r1'),
  sign: (chip) => chip.ecc.sign({ slot: 0, curve: 'P-256', message }),
  verify: (chip) =>
    chip.ecc.verify({
      curve: 'Ed25519',
      publicKey: new Uint8Array(32),
      signature: new Uint8Array(64),
      message,
    }),
  sharedSecret: (chip) =>
    chip.ecc.sharedSecret({ slot: 0, curve: 'X25519', publicKey: new Uint8Array(32) }),
  decompress: (chip) =>
    chip.ecc.decompress({ curve: 'P-256', point: 'odd', x: new Uint8Array(32) }),
  generateChallenge: (chip) => chip.ecc.generateChallenge(),
  verifyEntitySignature: (chip) =>
    chip.ecc.verifyEntitySignature({ slot: 0, signature: new Uint8Array(64) }),
  publicKeyCount: (chip) => chip.publicKeys.count(),
  publicKeySlot: (chip) => chip.publicKeys.slot(0),
  writePublicKey: (chip) =>
    chip.publicKeys.write(0, { curve: 'X25519', publicKey: new Uint8Array(32) }, permanent),
  setPublicKeyFlags: (chip) => chip.publicKeys.setFlags(0, noFlags, permanent),
  hash: (chip) => chip.hashes.compute('SHA3-512', new Uint8Array(1500)),
  computeMac: (chip) => chip.macs.compute({ slot: 0, message, length: 16 }),
  verifyMac: (chip) => chip.macs.verify({ slot: 0, message, mac: message }),
  encryptEcb: (chip) => chip.ciphers.encryptEcb(0, message),
  decryptEcb: (chip) => chip.ciphers.decryptEcb(0, message),
  encryptCcm: (chip) => chip.ciphers.encryptCcm({ slot: 0, plaintext: message, tagLength: 4 }),
  decryptCcm: (chip, random) =>
    chip.ciphers.decryptCcm({
      slot: 0,
      nonce: random.bytes(13),
      ciphertext: message,
      tag: message,
    }),
  encryptGcm: (chip) => chip.ciphers.encryptGcm({ slot: 0, plaintext: message, tagLength: 16 }),
  verifyGmac: (chip, random) =>
    chip.ciphers.verifyGmac({ slot: 0, iv: random.bytes(12), tag: message }),
  streamCcm: async (chip) => {
    const totals = { slot: 0, totalAad: 0, totalData: 32, tagLength: 8 }
    const stream = await chip.cipherStreams.encryptCcm({ ...totals, data: message })
    return stream.finish({ data: message })
  },
  streamGcm: async (chip, random) => {
    const iv = random.bytes(12)
    const stream = await chip.cipherStreams.decryptGcm({ slot: 0, iv, data: message })
    await stream.process({ data: message })
    return stream.finish({ tag: message })
  },
  envelopeTable: (chip) => chip.envelopes.table(),
  generateEnvelopeKey: (chip) => chip.envelopes.generateKey(0, 'AES-256'),
  wrap: (chip) => chip.envelopes.wrap(0, message),
  unwrap: (chip) => chip.envelopes.unwrap(0, new Uint8Array(24)),
  derive: (chip) =>
    chip.derivation.derive({ input: { slot: 2 }, salt: message, info: message }, 32),
  sessionKeys: (chip) => chip.derivation.sessionKeys(2, 7),
  expandMultiple: (chip) => chip.derivation.expandMultiple(2, { info: message, lengths: [16, 32] }),
  authenticate: (chip) => chip.authentication.authenticate(),
  hostKeySlot: (chip) => chip.hostKeys.slot(),
  hostKeyControl: (chip) => chip.hostKeys.control(),
  provisionHostKeys: (chip) =>
    chip.hostKeys.provision({ type: 'AES-128', macKey: secret(), cipherKey: secret() }),
  provisionHostKeysWrapped: (chip) =>
    chip.hostKeys.provisionWrapped(
      { type: 'AES-128', macKey: secret(), cipherKey: secret() },
      { curve: 'P-256' },
    ),
  establishHostKeys: (chip) => chip.hostKeys.establish('AES-256', { curve: 'X25519' }),
  proveHostKeys: (chip) => chip.hostKeys.prove({ macKey: secret(), cipherKey: secret() }),
  keyTable: (chip) => chip.symmetricKeys.table(),
  keySlot: (chip) => chip.symmetricKeys.slot(0),
  keyControl: (chip) => chip.symmetricKeys.control(0),
  writeKey: (chip) => chip.symmetricKeys.write(key, secret(), permanent),
  writeKeyWrapped: (chip) =>
    chip.symmetricKeys.writeWrapped(key, secret(), { curve: 'P-256', ...permanent }),
  establishKeys: (chip) => chip.symmetricKeys.establish([key], { curve: 'X25519', ...permanent }),
  eraseKey: (chip) => chip.symmetricKeys.erase(0, permanent),
}
