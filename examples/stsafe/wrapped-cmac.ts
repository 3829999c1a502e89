// Wrapped provisioning of an AES-128 key, and a CMAC with it.
//
//   npx tsx examples/stsafe/wrapped-cmac.ts [DEVICE] [--session-first]
//
// --session-first keeps the order of the vendor's page, and checks the MAC with the host's cryptography, as the page does;
// without it the order is that of the vendor's program, which lets the chip check it.
import { equalOctets, Secret } from '@keyline/bytes'
import { aesCmac } from '@keyline/crypto'
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
const key = new Uint8Array(16).fill(0x5a)
const message = Uint8Array.from({ length: 16 }, (_, index) => index)
const isSessionFirst = process.argv.includes('--session-first')

print('STSAFE-A120: wrapped provisioning of an AES-128 CMAC key')
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
    type: 'AES-128',
    mode: 'CMAC',
    usage: ['generateMac', 'verifyMac'],
    minMacLength: 2,
  },
  new Secret(key.slice()),
  { curve: 'P-256' },
)
print('- Key provisioned in an envelope under a volatile key (ECDHE on P-256)')

if (!isSessionFirst) await openSession()

printOctets('Message', message)
const mac = await chip.macs.compute({ slot, message, length: 4 })
printOctets('MAC', mac)

const isValid = isSessionFirst
  ? equalOctets(aesCmac(key, message).subarray(0, mac.length), mac)
  : await chip.macs.verify({ slot, message, mac })
print(`- MAC verified by the ${isSessionFirst ? 'host' : 'chip'}: ${isValid ? 'PASS' : 'FAIL'}`)
await chip.closeSession()
if (!isValid) process.exitCode = 1
