import { decode, fromHex, Secret, toHex } from '@keyline/bytes'
import { curveKeyPair, signMessage } from '@keyline/crypto'
import { StsafeError, type Authenticator, type Stsafe, type TypedHostKeys } from '@keyline/stsafe'
import {
  commandTable,
  hostKeyControl,
  type CommandEntry,
  type KeyInformation,
} from '@keyline/stsafe/layout'
import { chipOf, spl05Profile, type ChipState } from '@keyline/stsafe-sim'

const octetsOf = (length: number, fill: number): Secret =>
  new Secret(new Uint8Array(length).fill(fill))
export const oldKeys = {
  type: 'AES-128',
  macKey: octetsOf(16, 1),
  cipherKey: octetsOf(16, 2),
} as const satisfies TypedHostKeys
export const newKeys = {
  type: 'AES-256',
  macKey: octetsOf(32, 3),
  cipherKey: octetsOf(32, 4),
} as const satisfies TypedHostKeys

export const message: Uint8Array = fromHex('000102030405060708090a0b0c0d0e0f')
const nonce = fromHex('000102030405060708090a0b0c')
const aad = new Uint8Array(8).fill(0x5a)
const usual = { lock: 'unlocked', slot: 0 } as const
export const cmacKey: KeyInformation = {
  ...usual,
  type: 'AES-128',
  mode: 'CMAC',
  usage: ['verifyMac', 'generateMac'],
  minMacLength: 2,
}
const ccmKey: KeyInformation = {
  ...usual,
  type: 'AES-256',
  mode: 'CCM*',
  usage: ['decrypt', 'encrypt'],
  tagLength: 4,
}

const signerSlot = 3
const signer = curveKeyPair('Ed25519', new Uint8Array(32).fill(0x11))
const authenticator: Authenticator = {
  slot: signerSlot,
  sign: (text) => signMessage(signer, { message: text }),
}

/** What the caller of a provisioning function knows of the key: `no` is an error that says that it was not written. */
export type Written = 'no' | 'yes' | 'unknown'

/** Takes down what the host tells of the one write of a flow. */
export class WriteReport {
  written: Written = 'no'

  async of(work: Promise<unknown>): Promise<void> {
    try {
      await work
      this.written = 'yes'
    } catch (error) {
      if (error instanceof StsafeError) {
        if (error.code === 'STSAFE_OUTCOME_UNKNOWN') this.written = 'unknown'
        if (error.details['written'] === true) this.written = 'yes'
      }
      throw error
    }
  }
}

export interface Flow {
  /** The chip before it: with old host keys, its slots opened, and what the flow uses demanded under MACs or free. */
  readonly state: ChipState
  readonly isProtected: boolean
  /** Which slot it fills. */
  readonly place: 'host' | 'slot'
  readonly result: string
  /** @param hostKeys those that the chip holds */
  run(chip: Stsafe, report: WriteReport, hostKeys: TypedHostKeys): Promise<string>
}

const kekCommands = [
  commandTable.generateEcdheKeyPair,
  commandTable.startVolatileKekSession,
  commandTable.stopVolatileKekSession,
]
const slotCommands = [
  ...kekCommands,
  commandTable.writeSymmetricKeyWrapped,
  commandTable.generateMac,
  commandTable.verifyMac,
  commandTable.encrypt,
  commandTable.decrypt,
]
const hostCommands = [
  ...kekCommands,
  commandTable.writeHostKeyPlaintext,
  commandTable.writeHostKeyWrapped,
  commandTable.echo,
]

/** A chip on which these commands are accepted under MACs only, encrypted both ways. */
export function preparedState(protectedCommands: readonly CommandEntry[] = []): ChipState {
  const state = chipOf(spl05Profile)
  const codes = new Set(protectedCommands.map(({ code }) => code))
  const flags = {
    changeRight: false,
    establishSymmetricKeys: true,
    startKekSession: true,
    entityAuthentication: true,
    establishHostKey: true,
  }
  return {
    ...state,
    hostKeys: {
      type: oldKeys.type,
      macKey: oldKeys.macKey.reveal().slice(),
      cipherKey: oldKeys.cipherKey.reveal().slice(),
    },
    hostControl: decode(hostKeyControl, fromHex('0703'), 'host key control'),
    authorization: state.authorization.map((record) =>
      codes.has(record.code)
        ? { ...record, access: 'host', encryption: { command: true, response: true } }
        : record,
    ),
    symmetricSlots: state.symmetricSlots.map(({ control, key }) => ({
      control: {
        ...control,
        allowed: { ...control.allowed, wrappedAnonymous: true },
        wrappedSignerSlot: signerSlot,
      },
      key,
    })),
    publicKeys: state.publicKeys.map((slot, index) =>
      index === signerSlot
        ? { flags, key: { curve: 'Ed25519', publicKey: signer.publicKey.octets } }
        : slot,
    ),
  }
}

const wrapped = { curve: 'P-256' } as const
const authenticated = { curve: 'P-256', authenticator } as const

function cmacFlow(options: typeof wrapped | typeof authenticated, isProtected: boolean): Flow {
  return {
    state: preparedState(isProtected ? slotCommands : []),
    isProtected,
    place: 'slot',
    result: 'be4ca3f2 true',
    async run(chip, report, hostKeys) {
      await chip.symmetricKeys.table()
      if (isProtected) await chip.openSession(hostKeys)
      await report.of(chip.symmetricKeys.writeWrapped(cmacKey, octetsOf(16, 0x5a), options))
      const mac = await chip.macs.compute({ slot: 0, message, length: 4 })
      return `${toHex(mac)} ${await chip.macs.verify({ slot: 0, message, mac })}`
    },
  }
}

function ccmFlow(options: typeof wrapped | typeof authenticated, isProtected: boolean): Flow {
  return {
    state: preparedState(isProtected ? slotCommands : []),
    isProtected,
    place: 'slot',
    result: `696630bb080fe41d610489d3da232166 0edbc627 ${toHex(message)}`,
    async run(chip, report, hostKeys) {
      await chip.symmetricKeys.table()
      if (isProtected) await chip.openSession(hostKeys)
      await report.of(chip.symmetricKeys.writeWrapped(ccmKey, octetsOf(32, 0x5a), options))
      const plain = { slot: 0, nonce, aad, plaintext: message, tagLength: 4 }
      const sealed = await chip.ciphers.encryptCcm(plain)
      const opened = await chip.ciphers.decryptCcm({ slot: 0, aad, ...sealed })
      const text = opened === undefined ? 'refused' : toHex(opened)
      return `${toHex(sealed.ciphertext)} ${toHex(sealed.tag)} ${text}`
    },
  }
}

function hostKeyFlow(write: (chip: Stsafe) => Promise<void>, isProtected: boolean): Flow {
  return {
    state: preparedState(isProtected ? hostCommands : []),
    isProtected,
    place: 'host',
    result: isProtected ? `${toHex(message)} true` : 'true',
    async run(chip, report, hostKeys) {
      await chip.hostKeys.control()
      if (isProtected) await chip.openSession(hostKeys)
      await report.of(write(chip))
      const echo = isProtected ? `${toHex(await chip.device.echo(message))} ` : ''
      return `${echo}${await chip.hostKeys.prove(newKeys)}`
    },
  }
}

const writes = {
  plaintext: (chip: Stsafe) => chip.hostKeys.provision(newKeys),
  wrapped: (chip: Stsafe) => chip.hostKeys.provisionWrapped(newKeys, wrapped),
  authenticated: (chip: Stsafe) => chip.hostKeys.provisionWrapped(newKeys, authenticated),
}

/** The flows of sections 8.2 to 8.4 and their siblings, with free commands and inside a host session. */
export const flows: Readonly<Record<string, Flow>> = {
  'wrapped CMAC': cmacFlow(wrapped, false),
  'wrapped CMAC in a session': cmacFlow(wrapped, true),
  'wrapped and authenticated CMAC': cmacFlow(authenticated, false),
  'wrapped CCM*': ccmFlow(wrapped, false),
  'wrapped and authenticated CCM* in a session': ccmFlow(authenticated, true),
  'host keys': hostKeyFlow(writes.plaintext, false),
  'host keys in a session': hostKeyFlow(writes.plaintext, true),
  'wrapped host keys': hostKeyFlow(writes.wrapped, false),
  'wrapped and authenticated host keys': hostKeyFlow(writes.authenticated, false),
  'wrapped and authenticated host keys in a session': hostKeyFlow(writes.authenticated, true),
}
