// Wrapped provisioning of an AES-256 key, and authenticated encryption (CCM*) with it.
//
//   npx tsx examples/stsafe/wrapped-ccm.ts [DEVICE] [--session-first]
//
// --session-first keeps the order of the vendor's page, without it the order is that of the vendor's program.
import { equalOctets, Secret } from '@keyline/bytes'
import {
  hostKeys,
  openChip,
  prepareHostKeys,
  prepareSlot,
  print,
  printKeyTable,
  printOctets,
} from './chip.ts'

const slot = 0
const key = new Uint8Array(32).fill(0x5a)
// A nonce must never be used twice with a key: leave it out, and the library draws one. This one gives the published values.
const nonce = Uint8Array.from({ length: 13 }, (_, index) => index)
const aad = new Uint8Array(8).fill(0x5a)
const message = Uint8Array.from({ length: 16 }, (_, index) => index)
const isSessionFirst = process.argv.includes('--session-first')

print('STSAFE-A120: wrapped provisioning of an AES-256 CCM* key')
await using chip = await openChip()
await prepareHostKeys(chip)
await prepareSlot(chip, slot)

const openSession = async (): Promise<void> => {
  await chip.openSession(hostKeys)
  print(`- Host session open, counter ${chip.sessionCounter}`)
}

if (isSessionFirst) await openSession()
else await printKeyTable(chip)

printOctets(`Key for slot ${slot}`, key)
await chip.symmetricKeys.writeWrapped(
  {
    slot,
    lock: 'unlocked',
    type: 'AES-256',
    mode: 'CCM*',
    usage: ['encrypt', 'decrypt'],
    tagLength: 4,
  },
  new Secret(key.slice()),
  { curve: 'P-256' },
)
print('- Key provisioned in an envelope under a volatile key (ECDHE on P-256)')

if (!isSessionFirst) await openSession()

printOctets('Nonce', nonce)
printOctets('Associated data', aad)
printOctets('Message', message)
const { ciphertext, tag } = await chip.ciphers.encryptCcm({
  slot,
  nonce,
  aad,
  plaintext: message,
  tagLength: 4,
})
printOctets('Ciphertext', ciphertext)
printOctets('Tag', tag)

const decrypted = await chip.ciphers.decryptCcm({ slot, nonce, aad, ciphertext, tag })
const isValid = decrypted !== undefined && equalOctets(decrypted, message)
print(`- Tag verified by the chip: ${decrypted === undefined ? 'FAIL' : 'PASS'}`)
if (decrypted !== undefined) printOctets('Decrypted message', decrypted)
await chip.closeSession()
if (!isValid) process.exitCode = 1
