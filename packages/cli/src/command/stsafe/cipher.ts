import type { Command } from 'commander'
import { toHex } from '@keyline/bytes'
import type { Stsafe } from '@keyline/stsafe'
import type { KeyModeName, KeyTableEntry } from '@keyline/stsafe/layout'
import { CliError } from '../../errors.ts'
import { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import type { ChipCall, ChipOptions } from '../../wiring/stsafe-chip.ts'
import { keyMode } from '../../wiring/stsafe-key-information.ts'
import {
  hexOctets,
  readMessage,
  withMessage,
  type MessageOptions,
} from '../../wiring/stsafe-message.ts'
import { fieldsText } from '../../wiring/stsafe-text.ts'
import { writeWhole } from '../../wiring/pki-output.ts'
import { wholeNumber } from '../options.ts'
import { chipCommand, onChip, type End, type Report } from './on-chip.ts'

interface CipherOptions extends ChipOptions, MessageOptions {
  readonly slot: number
  readonly mode?: KeyModeName
  readonly nonce?: Uint8Array
  readonly aad?: Uint8Array
}

interface EncryptOptions extends CipherOptions {
  readonly tagLength?: number
}

interface DecryptOptions extends CipherOptions {
  readonly tag?: Uint8Array
  readonly out?: string
}

/** `keyline stsafe encrypt`: CCM*, GCM (GMAC with an empty message) or ECB. */
export function encryptCommand(output: Output, end: End): Command {
  return withCipher(withMessage(chipCommand('encrypt', 'encrypt with a key of the chip')))
    .description(
      'Encrypts with a key of the chip, in one command: some 700 octets at most. An empty message under GCM gives a GMAC.',
    )
    .option(
      '--tag-length <octets>',
      'of CCM* and GCM; that of the key unless given',
      wholeNumber(0, 16),
    )
    .action(async (options: EncryptOptions) => {
      const plaintext = await readMessage(options)
      end(
        await onChip(output, options, async (chip, call) =>
          fieldsOf(await encrypt(chip, { ...options, plaintext }, call)),
        ),
      )
    })
}

async function encrypt(
  chip: Stsafe,
  { plaintext, ...options }: EncryptOptions & { readonly plaintext: Uint8Array },
  call: ChipCall,
): Promise<Readonly<Record<string, string>>> {
  const { slot, nonce, aad } = options
  const { mode, tagLength = 16 } = await keyOf(chip, options, call)
  switch (mode) {
    case 'ECB':
      return { ciphertext: toHex(await chip.ciphers.encryptEcb(slot, plaintext, call)) }
    case 'CCM*': {
      const input = { slot, nonce, aad, plaintext, tagLength }
      const { counter, ...sent } = await chip.ciphers.encryptCcm(input, call)
      const counted: Readonly<Record<string, string>> =
        counter === undefined ? {} : { counter: String(counter) }
      return { ...hexOf(sent), ...counted }
    }
    case 'GCM': {
      const input = { slot, iv: nonce, aad, plaintext, tagLength }
      const { iv, ...sent } = await chip.ciphers.encryptGcm(input, call)
      return hexOf({ nonce: iv, ...sent })
    }
    case 'CMAC':
    case 'HKDF':
    case 'HMAC':
      throw noCipher(slot, mode)
    default:
      return mode satisfies never
  }
}

/** `keyline stsafe decrypt`: nothing of the plaintext is shown when the tag is wrong. */
export function decryptCommand(output: Output, end: End): Command {
  return withCipher(withMessage(chipCommand('decrypt', 'decrypt with a key of the chip')))
    .option('--tag <digits>', 'the tag of CCM* and GCM, hexadecimal', hexOctets)
    .option('--out <file>', 'takes the plaintext as it is')
    .action(async (options: DecryptOptions) => {
      const ciphertext = await readMessage(options)
      end(
        await onChip(output, options, async (chip, call) => {
          const plaintext = await decrypt(chip, { ...options, ciphertext }, call)
          if (plaintext === undefined) {
            const document = { valid: false }
            return { text: 'the tag is WRONG\n', document, code: ExitCode.failed }
          }
          if (options.out === undefined) return fieldsOf({ plaintext: toHex(plaintext) })
          await writeWhole({ path: options.out, content: plaintext })
          return fieldsOf({ plaintext: options.out })
        }),
      )
    })
}

async function decrypt(
  chip: Stsafe,
  { ciphertext, ...options }: DecryptOptions & { readonly ciphertext: Uint8Array },
  call: ChipCall,
): Promise<Uint8Array | undefined> {
  const { slot, aad } = options
  const { mode } = await keyOf(chip, options, call)
  const given = (name: 'nonce' | 'tag'): Uint8Array => {
    const value = options[name]
    if (value !== undefined) return value
    throw new CliError('CLI_USAGE', `a decryption with ${mode} needs --${name}`)
  }
  switch (mode) {
    case 'ECB':
      return chip.ciphers.decryptEcb(slot, ciphertext, call)
    case 'CCM*': {
      const input = { slot, nonce: given('nonce'), aad, ciphertext, tag: given('tag') }
      return chip.ciphers.decryptCcm(input, call)
    }
    case 'GCM': {
      const input = { slot, iv: given('nonce'), aad, ciphertext, tag: given('tag') }
      return chip.ciphers.decryptGcm(input, call)
    }
    case 'CMAC':
    case 'HKDF':
    case 'HMAC':
      throw noCipher(slot, mode)
    default:
      return mode satisfies never
  }
}

/** Mode and tag length as given; the chip is asked for what is not. */
async function keyOf(
  { symmetricKeys }: Stsafe,
  { slot, mode, tagLength }: EncryptOptions,
  call: ChipCall,
): Promise<{ readonly mode: KeyModeName; readonly tagLength?: number | undefined }> {
  if (mode !== undefined && (mode === 'ECB' || tagLength !== undefined)) return { mode, tagLength }
  const entry = await symmetricKeys.slot(slot, call)
  if (entry === undefined) throw new CliError('CLI_USAGE', `slot ${slot} of the chip holds no key`)
  return { mode: mode ?? entry.mode, tagLength: tagLength ?? tagLengthOf(entry) }
}

function tagLengthOf(entry: KeyTableEntry): number | undefined {
  return 'tagLength' in entry ? entry.tagLength : undefined
}

function withCipher(command: Command): Command {
  return command
    .requiredOption('--slot <slot>', 'symmetric key slot', wholeNumber(0, 254))
    .option('--mode <mode>', 'CCM*, GCM or ECB; that of the key unless given', keyMode)
    .option(
      '--nonce <digits>',
      'nonce of CCM* (13 octets), IV of GCM; drawn unless given',
      hexOctets,
    )
    .option('--aad <digits>', 'associated data of CCM* and GCM, hexadecimal', hexOctets)
}

function hexOf(octets: Readonly<Record<string, Uint8Array>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(octets).map(([name, value]) => [name, toHex(value)]))
}

function fieldsOf(fields: Readonly<Record<string, string>>): Report {
  return { text: fieldsText(fields), document: fields }
}

function noCipher(slot: number, mode: KeyModeName): CliError {
  return new CliError(
    'CLI_USAGE',
    `slot ${slot} holds a key of mode ${mode}, which does not encrypt`,
  )
}
