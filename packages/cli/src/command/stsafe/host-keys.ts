import { Command } from 'commander'
import { Secret, systemRandom, toHex } from '@keyline/bytes'
import { hkdfSha256 } from '@keyline/crypto'
import { deriveHostKeys, stNumberOf, type MasterKey, type TypedHostKeys } from '@keyline/stsafe'
import {
  hostKeyLength,
  noSigner,
  type HostKeyControl,
  type HostKeyType,
} from '@keyline/stsafe/layout'
import { CliError } from '../../errors.ts'
import type { Output } from '../../terminal/output.ts'
import type { ChipOptions } from '../../wiring/stsafe-chip.ts'
import { hostKeysText, readHostKeys, readKey, requireNewFile } from '../../wiring/stsafe-keys.ts'
import {
  agreementCurves,
  curveNames,
  signerHashes,
  signerOf,
  type SignerOptions,
} from '../../wiring/stsafe-signer.ts'
import { fieldsText, yesNo } from '../../wiring/stsafe-text.ts'
import { writeWhole } from '../../wiring/pki-output.ts'
import { wholeNumber } from '../options.ts'
import { chipCommand, nameOf, namesOf, onChip, permanentCommand, type End } from './on-chip.ts'
import type { CurveName } from '@keyline/stsafe/layout'

interface ControlOptions extends ChipOptions {
  readonly allow?: readonly (typeof allowedNames)[number][]
  readonly signerSlot?: number
}

interface NewKeys {
  readonly keys?: string
  readonly generate?: HostKeyType
  readonly out?: string
}

type WrappedOptions = ChipOptions & NewKeys & SignerOptions & { readonly curve: CurveName }
type EstablishOptions = ChipOptions &
  SignerOptions & {
    readonly curve: CurveName
    readonly type: HostKeyType
    readonly out: string
  }

const allowedNames = ['wrapped', 'plaintext', 'reprovision', 'change-right'] as const
interface DeriveOptions extends ChipOptions {
  readonly masterKey?: string
  readonly out: string
  readonly type: HostKeyType
}

const keyTypes = ['AES-128', 'AES-256'] as const
/** A shorter one would be the weakest link. */
const leastMasterKey = 16

/** `keyline stsafe host-keys`: the keys of the host session. */
export function hostKeysCommand(output: Output, end: End): Command {
  const hostKeys = new Command('host-keys').summary(
    'keys of the host session: state, rights, provisioning',
  )
  const commands = [
    statusCommand,
    controlCommand,
    provisionCommand,
    wrappedCommand,
    authenticatedCommand,
    establishCommand,
    deriveCommand,
  ]
  for (const make of commands) hostKeys.addCommand(make(output, end))
  return hostKeys
}

function statusCommand(output: Output, end: End): Command {
  return chipCommand('status', 'say whether the chip holds host keys, and at which counter').action(
    async (options: ChipOptions) =>
      end(
        await onChip(output, options, async ({ hostKeys }, call) => {
          const slot = await hostKeys.slot(call)
          const text = fieldsText({
            present: yesNo(slot.presence),
            ...(slot.presence && { type: slot.type, counter: String(slot.counter) }),
          })
          return { text, document: slot }
        }),
      ),
  )
}

function controlCommand(output: Output, end: End): Command {
  return permanentCommand('control', 'show or set how host keys may be provisioned')
    .option(
      '--allow <names>',
      `sets exactly these: ${allowedNames.join(', ')}`,
      namesOf(allowedNames),
    )
    .option(
      '--signer-slot <slot>',
      'public key slot of who authenticates wrapping',
      wholeNumber(0, 254),
    )
    .action(async (options: ControlOptions) =>
      end(
        await onChip(output, options, async ({ hostKeys }, call) => {
          if (options.allow !== undefined) await hostKeys.putControl(controlOf(options), call)
          const control = await hostKeys.control(call)
          return { text: controlText(control), document: control }
        }),
      ),
    )
}

function controlOf({ allow = [], signerSlot = noSigner }: ControlOptions): HostKeyControl {
  return {
    allowed: {
      wrappedAnonymous: allow.includes('wrapped'),
      plaintext: allow.includes('plaintext'),
      reprovision: allow.includes('reprovision'),
      changeRight: allow.includes('change-right'),
    },
    signerSlot,
  }
}

function controlText({ allowed, signerSlot }: HostKeyControl): string {
  return fieldsText({
    'change right': yesNo(allowed.changeRight),
    're-provision': yesNo(allowed.reprovision),
    plaintext: yesNo(allowed.plaintext),
    'wrapped anonymous': yesNo(allowed.wrappedAnonymous),
    'signer slot': signerSlot === noSigner ? 'none' : String(signerSlot),
  })
}

function provisionCommand(output: Output, end: End): Command {
  return withNewKeys(
    chipCommand('provision', 'write host keys as they are, readable on the bus'),
  ).action(async (options: ChipOptions & NewKeys) => {
    using keys = await newKeys(options)
    end(
      await onChip(output, options, async ({ hostKeys }, call) => {
        await hostKeys.provision(keys, call)
        return provisioned(keys)
      }),
    )
  })
}

function wrappedCommand(output: Output, end: End): Command {
  const command = chipCommand('provision-wrapped', 'write host keys in an envelope')
  return withCurve(withNewKeys(command)).action(async (options: WrappedOptions) => {
    using keys = await newKeys(options)
    end(
      await onChip(output, options, async ({ hostKeys }, { signal }) => {
        await hostKeys.provisionWrapped(keys, { curve: options.curve, signal })
        return provisioned(keys)
      }),
    )
  })
}

function authenticatedCommand(output: Output, end: End): Command {
  const command = chipCommand(
    'provision-authenticated',
    'write host keys in an envelope that a signer authenticates',
  )
  return withSigner(withCurve(withNewKeys(command)), 'required').action(
    async (options: WrappedOptions) => {
      using keys = await newKeys(options)
      const authenticator = await signerOf(options)
      end(
        await onChip(output, options, async ({ hostKeys }, { signal }) => {
          await hostKeys.provisionWrapped(keys, { curve: options.curve, authenticator, signal })
          return provisioned(keys)
        }),
      )
    },
  )
}

function establishCommand(output: Output, end: End): Command {
  const command = chipCommand(
    'establish',
    'agree on fresh host keys by ECDHE and write them to a file',
  )
    .requiredOption('--out <file>', 'takes the keys: there is no other way to have them')
    .option('--type <type>', keyTypes.join(' or '), nameOf(keyTypes), 'AES-128')
  return withSigner(withCurve(command)).action(async (options: EstablishOptions) => {
    const authenticator = await signerOf(options)
    await requireNewFile(options.out)
    end(
      await onChip(output, options, async ({ hostKeys }, { signal }) => {
        const { type, curve, out } = options
        using keys = disposable(await hostKeys.establish(type, { curve, authenticator, signal }))
        await writeWhole({ path: out, content: hostKeysText(keys), isSecret: true })
        const { text, document } = provisioned(keys)
        return { text: `${text}keys   ${out}\n`, document: { ...document, keys: out } }
      }),
    )
  })
}

/** The host keys of one chip of a series, made of the master key and the number of the chip; the chip is not changed. */
function deriveCommand(output: Output, end: End): Command {
  return chipCommand('derive', 'make the host keys of this chip from a master key, into a file')
    .requiredOption('--out <file>', 'takes the keys, for --keys and --host-keys')
    .option('--master-key <file>', 'at least 16 octets in hexadecimal; asked for unless given')
    .option('--type <type>', keyTypes.join(' or '), nameOf(keyTypes), 'AES-128')
    .action(async ({ masterKey, out, type, ...options }: DeriveOptions) => {
      using master = await readKey(masterKey, { option: '--master-key', what: 'the master key' })
      if (master.length < leastMasterKey) {
        throw new CliError('CLI_KEYS', `the master key has fewer than ${leastMasterKey} octets`)
      }
      await requireNewFile(out)
      end(
        await onChip(output, options, async ({ device }, call) => {
          const stNumber = stNumberOf(await device.productData(call))
          const handle: MasterKey = {
            derive: (info, length) =>
              new Secret(
                hkdfSha256({ secret: master.reveal(), salt: new Uint8Array(), info, length }),
              ),
          }
          using keys = disposable(await deriveHostKeys(handle, stNumber, type))
          await writeWhole({ path: out, content: hostKeysText(keys), isSecret: true })
          const document = { stNumber: toHex(stNumber), type, keys: out }
          const text = `host keys ${type} of ${document.stNumber}   ${out}\n`
          return { text, document }
        }),
      )
    })
}

function provisioned({ type }: TypedHostKeys) {
  return { text: `host keys written, ${type}, counter 0\n`, document: { type, counter: 0 } }
}

function withNewKeys(command: Command): Command {
  return command
    .option('--keys <file>', 'the new keys: JSON with macKey and cipherKey')
    .option('--generate <type>', `draws the new keys: ${keyTypes.join(' or ')}`, nameOf(keyTypes))
    .option('--out <file>', 'takes the keys that were drawn')
}

/** Options of an agreement. */
export function withCurve(command: Command): Command {
  return command.option(
    '--curve <curve>',
    `curve of the agreement: ${agreementCurves.join(', ')}`,
    nameOf(agreementCurves),
    'P-256',
  )
}

/** Options of who authenticates an agreement. */
export function withSigner(command: Command, need: 'required' | 'optional' = 'optional'): Command {
  const slot = [
    '--signer-slot <slot>',
    'public key slot of the signer',
    wholeNumber(0, 254),
  ] as const
  return (need === 'required' ? command.requiredOption(...slot) : command.option(...slot))
    .option('--signer-key <file>', 'private key of the signer, hexadecimal')
    .option('--signer-curve <curve>', 'curve of that key', nameOf(curveNames), 'P-256')
    .option('--signer-hash <hash>', 'hash of an ECDSA signature', nameOf(signerHashes), 'SHA-256')
}

type DisposableKeys = TypedHostKeys & Disposable

/** Keys that are drawn lie in their file before the chip has them: no failure loses them. */
async function newKeys({ keys: path, generate, out }: NewKeys): Promise<DisposableKeys> {
  if (path !== undefined && generate === undefined) return disposable(await readHostKeys(path))
  if (path !== undefined || generate === undefined || out === undefined) {
    throw new CliError('CLI_KEYS', 'the new host keys are not given', {
      remedy: 'name their file with --keys, or pass --generate AES-128 --out FILE',
    })
  }
  const length = hostKeyLength[generate]
  const drawn = {
    type: generate,
    macKey: new Secret(systemRandom.bytes(length)),
    cipherKey: new Secret(systemRandom.bytes(length)),
  }
  await writeWhole({ path: out, content: hostKeysText(drawn), isSecret: true })
  return disposable(drawn)
}

function disposable(keys: TypedHostKeys): DisposableKeys {
  return {
    ...keys,
    [Symbol.dispose]: () => {
      keys.macKey.wipe()
      keys.cipherKey.wipe()
    },
  }
}
