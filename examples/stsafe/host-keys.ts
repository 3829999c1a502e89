// Host key provisioning: gives a chip the two keys of its host session.
//
//   npx tsx examples/stsafe/host-keys.ts [DEVICE]
import { hostKeys, openChip, openHostKeySlot, print, printOctets } from './chip.ts'

print('STSAFE-A120: host key provisioning')
await using chip = await openChip()

printOctets('Host MAC key', hostKeys.macKey.reveal())
printOctets('Host cipher key', hostKeys.cipherKey.reveal())

const yesNo = (value: boolean): string => (value ? 'YES' : 'NO')
const { allowed, signerSlot } = await chip.hostKeys.control()
print('- Host key control fields')
print(`    change right                ${yesNo(allowed.changeRight)}`)
print(`    re-provision                ${yesNo(allowed.reprovision)}`)
print(`    plaintext                   ${yesNo(allowed.plaintext)}`)
print(`    wrapped anonymous           ${yesNo(allowed.wrappedAnonymous)}`)
print(`    wrapped authentication key  0x${signerSlot.toString(16).toUpperCase()}`)

print('  The slot stays open for other host keys: no signer will have to authenticate them.')
await openHostKeySlot(chip)
await chip.hostKeys.provision(hostKeys)
print('- Host key provisioning: PASS')
