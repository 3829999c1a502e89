import { fromHex, Secret, seededRandom, systemClock, toHexUpper } from '@keyline/bytes'
import {
  inProcessTransport,
  openStsafe,
  openTransport,
  type Stsafe,
  type TypedHostKeys,
} from '@keyline/stsafe'
import { noSigner } from '@keyline/stsafe/layout'
import { chipOf, makeTestRoot, personalise, SimulatedBus, spl05Profile } from '@keyline/stsafe-sim'

/** The keys of ST's examples. They are published: never give them to a chip that protects something. */
export const hostKeys: TypedHostKeys = {
  type: 'AES-128',
  macKey: new Secret(fromHex('00112233445566778899aabbccddeeff')),
  cipherKey: new Secret(fromHex('0123456789abcdef0123456789abcdef')),
}

/** Root of the chips that are simulated here. */
export const testRoot = await makeTestRoot(seededRandom('examples'))

/** The chip that the first argument or KEYLINE_STSAFE names; without either, a new one in software. */
export async function openChip(): Promise<Stsafe> {
  const argument = process.argv.slice(2).find((word) => !word.startsWith('--'))
  const device = argument ?? process.env['KEYLINE_STSAFE']
  print(`- Initialize target STSAFE-A120 (${device ?? 'in software'})`)
  if (device !== undefined) {
    return openStsafe(await openTransport(device, { clock: systemClock }))
  }
  const random = seededRandom('a chip of the examples')
  const state = await personalise(chipOf(spl05Profile), { root: testRoot, random })
  return openStsafe(inProcessTransport(new SimulatedBus({ state })))
}

/** Gives the chip the host keys of the examples, unless it has host keys. */
export async function prepareHostKeys(chip: Stsafe): Promise<void> {
  const { presence } = await chip.hostKeys.slot()
  if (presence) {
    print('- Preparation: the chip has host keys')
    return
  }
  await openHostKeySlot(chip)
  await chip.hostKeys.provision(hostKeys)
  print('- Preparation: host keys of the examples written')
}

/** Lets host keys be written again and again, in plain and wrapped. This can never be changed back. */
export async function openHostKeySlot(chip: Stsafe): Promise<void> {
  const { allowed } = await chip.hostKeys.control()
  if (!allowed.changeRight) {
    if (!allowed.reprovision) {
      print('  ERROR: the host key slot is locked, and re-provisioning is disabled')
      process.exit(1)
    }
    print('- Host key control fields are set already')
    return
  }
  const open = { changeRight: false, reprovision: true, plaintext: true, wrappedAnonymous: true }
  print('- Open host key slot to re-provisioning (permanent)')
  await chip.hostKeys.putControl({ allowed: open, signerSlot: noSigner }, { permanent: true })
}

/** Lets wrapped and established keys into a slot, unless it does. This can never be changed back. */
export async function prepareSlot(chip: Stsafe, slot: number): Promise<void> {
  const control = await chip.symmetricKeys.control(slot)
  if (control.allowed.wrappedAnonymous) {
    print(`- Preparation: slot ${slot} takes wrapped keys`)
    return
  }
  const allowed = {
    establishAnonymous: true,
    wrappedAnonymous: true,
    put: false,
    changeRight: false,
    plaintext: false,
    derived: false,
  }
  const signers = { wrappedSignerSlot: noSigner, establishSignerSlot: noSigner }
  print(`- Preparation: open slot ${slot} to wrapped and established keys (permanent)`)
  await chip.symmetricKeys.putControl(slot, { allowed, ...signers }, { permanent: true })
}

export function print(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** A title, and octets 16 a line. */
export function printOctets(title: string, octets: Uint8Array): void {
  const pairs = toHexUpper(octets).match(/../g) ?? []
  print(`  ${title}`)
  for (let start = 0; start < pairs.length; start += 16) {
    print(`    ${pairs.slice(start, start + 16).join(' ')}`)
  }
}

/** The table of the symmetric keys, as the chip has it now. */
export async function printKeyTable(chip: Stsafe): Promise<void> {
  const count = (await chip.symmetricKeys.table()).length
  print(`- Symmetric key table, ${count} slots`)
  for (const [slot, key] of (await chip.symmetricKeys.table()).entries()) {
    const content = key && `${key.type} ${key.mode} ${key.usage.join(' ')} (${key.lock})`
    print(`    ${String(slot).padStart(2, '0')}  ${content ?? '-'}`)
  }
}
