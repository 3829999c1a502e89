import { Command } from 'commander'
import { Secret, toHex } from '@keyline/bytes'
import { hkdfSha256 } from '@keyline/crypto'
import {
  deriveHostKeys,
  stNumberOf,
  type MasterKey,
  type Stsafe,
  type TypedHostKeys,
} from '@keyline/stsafe'
import {
  noSigner,
  type CurveName,
  type HostKeyControl,
  type HostKeyType,
} from '@keyline/stsafe/layout'
import { CliError } from '../../errors.ts'
import { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import type { ChipCall, ChipOptions } from '../../wiring/stsafe-chip.ts'
import {
  hostKeysText,
  readHostKeys,
  readKey,
  requireNewFile,
  writeSecret,
} from '../../wiring/stsafe-keys.ts'
import {
  disposable,
  hostKeyFile,
  withNewKeys,
  type NewKeyOptions,
} from '../../wiring/stsafe-new-keys.ts'
import { signerOf, type SignerOptions } from '../../wiring/stsafe-signer.ts'
import { fieldsText, yesNo } from '../../wiring/stsafe-text.ts'
import { wholeNumber } from '../options.ts'
import { withCurve, withSigner } from './agreement-options.ts'
import { chipCommand, nameOf, namesOf, onChip, permanentCommand, type End } from './on-chip.ts'

interface ControlOptions extends ChipOptions {
  readonly allow?: readonly (typeof allowedNames)[number][]
  readonly signerSlot?: number
}

type WrappedOptions = ChipOptions & NewKeyOptions & SignerOptions & { readonly curve: CurveName }
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
    proveCommand,
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
    .action(async (options: ControlOptions, command: Command) => {
      if (options.allow === undefined && options.signerSlot !== undefined) {
        command.error('error: --signer-slot needs --allow: all fields are set together')
      }
      end(
        await onChip(output, options, async ({ hostKeys }, call) => {
          if (options.allow !== undefined) await hostKeys.putControl(controlOf(options), call)
          const control = await hostKeys.control(call)
          return { text: controlText(control), document: control }
        }),
      )
    })
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
  return withKeySource(
    chipCommand('provision', 'write host keys as they are, readable on the bus'),
  ).action(async (options: ChipOptions & NewKeyOptions) =>
    end(
      await provision(output, options, ({ hostKeys }, keys, call) =>
        hostKeys.provision(keys, call),
      ),
    ),
  )
}

function wrappedCommand(output: Output, end: End): Command {
  const command = chipCommand('provision-wrapped', 'write host keys in an envelope')
  return withCurve(withKeySource(command)).action(async (options: WrappedOptions) => {
    const { curve } = options
    end(
      await provision(output, options, ({ hostKeys }, keys, { signal }) =>
        hostKeys.provisionWrapped(keys, { curve, signal }),
      ),
    )
  })
}

function authenticatedCommand(output: Output, end: End): Command {
  const command = chipCommand(
    'provision-authenticated',
    'write host keys in an envelope that a signer authenticates',
  )
  return withSigner(withCurve(withKeySource(command)), 'required').action(
    async (options: WrappedOptions) => {
      const { curve } = options
      const authenticator = await signerOf(output, options)
      end(
        await provision(output, options, ({ hostKeys }, keys, { signal }) =>
          hostKeys.provisionWrapped(keys, { curve, authenticator, signal }),
        ),
      )
    },
  )
}

async function provision(
  output: Output,
  options: ChipOptions & NewKeyOptions,
  write: (chip: Stsafe, keys: TypedHostKeys, call: ChipCall) => Promise<void>,
): Promise<ExitCode> {
  return withNewKeys(output, options, (keys, file) =>
    onChip(output, options, async (chip, call) => {
      file?.begin()
      await write(chip, keys, call)
      file?.end()
      return provisioned(keys, options.generate && options.out)
    }),
  )
}

/** Old or new keys? After an unknown outcome the chip itself tells. */
function proveCommand(output: Output, end: End): Command {
  return chipCommand('prove', 'let the chip prove that it holds these host keys')
    .requiredOption('--keys <file>', 'the host keys: JSON with macKey and cipherKey')
    .action(async ({ keys: path, ...options }: ChipOptions & { readonly keys: string }) => {
      using keys = disposable(await readHostKeys(output, path))
      end(
        await onChip(output, options, async ({ hostKeys }, call) => {
          const held = await hostKeys.prove(keys, call)
          const text = `the chip ${held ? 'holds' : 'does NOT hold'} these host keys\n`
          return { text, document: { held }, code: held ? ExitCode.done : ExitCode.failed }
        }),
      )
    })
}

function establishCommand(output: Output, end: End): Command {
  const command = chipCommand(
    'establish',
    'agree on fresh host keys by ECDHE and write them to a file',
  )
    .requiredOption('--out <file>', 'takes the keys: there is no other way to have them')
    .option('--type <type>', keyTypes.join(' or '), nameOf(keyTypes), 'AES-128')
  return withSigner(withCurve(command)).action(async (options: EstablishOptions) => {
    const authenticator = await signerOf(output, options)
    await requireNewFile(options.out)
    const { type, curve, out } = options
    const file = hostKeyFile(output, out)
    const onAgreed = async (keys: TypedHostKeys): Promise<void> => {
      await file.keep(hostKeysText(keys))
      file.begin()
    }
    const agree = (): Promise<ExitCode> =>
      onChip(output, options, async ({ hostKeys }, { signal }) => {
        const agreement = { curve, authenticator, signal, onAgreed }
        using keys = disposable(await hostKeys.establish(type, agreement))
        file.end()
        return provisioned(keys, out)
      })
    end(await file.during(agree))
  })
}

/** The host keys of one chip of a series, made of the master key and the number of the chip; the chip is not changed. */
function deriveCommand(output: Output, end: End): Command {
  return chipCommand('derive', 'make the host keys of this chip from a master key, into a file')
    .requiredOption('--out <file>', 'takes the keys, for --keys and --host-keys')
    .option('--master-key <file>', 'at least 16 octets in hexadecimal; asked for unless given')
    .option('--type <type>', keyTypes.join(' or '), nameOf(keyTypes), 'AES-128')
    .action(async ({ masterKey, out, type, ...options }: DeriveOptions) => {
      using master = await readKey(output, masterKey, {
        option: '--master-key',
        what: 'the master key',
      })
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
          await writeSecret(out, hostKeysText(keys))
          const document = { stNumber: toHex(stNumber), type, keys: out }
          const text = `host keys ${type} of ${document.stNumber}   ${out}\n`
          return { text, document }
        }),
      )
    })
}

/** @param file holds the keys, where they were made here */
function provisioned({ type }: TypedHostKeys, file?: string) {
  const text = `host keys written, ${type}, counter 0\n`
  const document = { type, counter: 0 }
  if (file === undefined) return { text, document }
  return { text: `${text}keys   ${file}\n`, document: { ...document, keys: file } }
}

function withKeySource(command: Command): Command {
  return command
    .option('--keys <file>', 'the new keys: JSON with macKey and cipherKey')
    .option('--generate <type>', `draws the new keys: ${keyTypes.join(' or ')}`, nameOf(keyTypes))
    .option('--out <file>', 'takes the keys that were drawn')
}
