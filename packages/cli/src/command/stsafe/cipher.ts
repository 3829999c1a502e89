import type { Command } from 'commander'
import { toHex } from '@keyline/bytes'
import { decryptWhole, encryptWhole, type Stsafe } from '@keyline/stsafe'
import type { KeyModeName, KeyTableEntry, KeyUsage } from '@keyline/stsafe/layout'
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
import { keyOfSlot } from '../../wiring/stsafe-slots.ts'
import { fieldsText, kebab } from '../../wiring/stsafe-text.ts'
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
  readonly out?: string
}

interface DecryptOptions extends CipherOptions {
  readonly tag?: Uint8Array
  readonly out?: string
}

/** Octets that one command holds under every protection, with nonce, lengths and tag. */
const oneCommand = 680
const longestFrame = 752

/** `keyline stsafe encrypt`: CCM*, GCM (GMAC with an empty message) or ECB. */
export function encryptCommand(output: Output, end: End): Command {
  return withCipher(withMessage(chipCommand('encrypt', 'encrypt with a key of the chip')))
    .description(
      'Encrypts with a key of the chip: up to some 700 octets in one command, more in pieces with a key that has the chunk\n' +
        'usages (CCM* 65535 octets at most). An empty message under GCM gives a GMAC.',
    )
    .option(
      '--tag-length <octets>',
      'of CCM* and GCM; that of the key unless given',
      wholeNumber(0, 16),
    )
    .option('--out <file>', 'takes the ciphertext as it is')
    .action(async (options: EncryptOptions) => {
      const plaintext = await readMessage(options)
      const { out } = options
      end(
        await onChip(output, options, async (chip, call) => {
          const sealed = await encrypt(chip, { ...options, plaintext }, call)
          const { ciphertext, counter, nonce, tag } = sealed
          if (out !== undefined) await writeWhole({ path: out, content: ciphertext })
          return fieldsOf({
            ...(nonce && { nonce: toHex(nonce) }),
            ciphertext: out ?? toHex(ciphertext),
            ...(tag && { tag: toHex(tag) }),
            ...(counter !== undefined && { counter: String(counter) }),
          })
        }),
      )
    })
}

interface Encrypted {
  readonly nonce?: Uint8Array | undefined
  readonly ciphertext: Uint8Array
  readonly tag?: Uint8Array | undefined
  readonly counter?: number | undefined
}

async function encrypt(
  chip: Stsafe,
  { plaintext, ...options }: EncryptOptions & { readonly plaintext: Uint8Array },
  call: ChipCall,
): Promise<Encrypted> {
  const { slot, nonce, aad } = options
  const key = await keyOf(chip, options, call)
  const { mode, tagLength = 16 } = key
  switch (mode) {
    case 'ECB':
      return { ciphertext: await chip.ciphers.encryptEcb(slot, plaintext, call) }
    case 'CCM*':
    case 'GCM': {
      const input = { slot, aad, plaintext, tagLength }
      if (goesInPieces(key, { slot, usages: ['encrypt', 'encryptChunks'], aad, data: plaintext })) {
        return encryptWhole(chip.cipherStreams, { ...input, mode, nonce }, call)
      }
      if (mode === 'CCM*') return chip.ciphers.encryptCcm({ ...input, nonce }, call)
      const { iv, ...sent } = await chip.ciphers.encryptGcm({ ...input, iv: nonce }, call)
      return { nonce: iv, ...sent }
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
          const content = plaintext
          await writeWhole({ path: options.out, content, isSecret: true, isReplaceable: true })
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
  const key = await keyOf(chip, options, call)
  const { mode } = key
  const given = (name: 'nonce' | 'tag'): Uint8Array => {
    const value = options[name]
    if (value !== undefined) return value
    throw new CliError('CLI_USAGE', `a decryption with ${mode} needs --${name}`)
  }
  switch (mode) {
    case 'ECB':
      return chip.ciphers.decryptEcb(slot, ciphertext, call)
    case 'CCM*':
    case 'GCM': {
      const nonce = given('nonce')
      const input = { slot, aad, ciphertext, tag: given('tag') }
      if (
        goesInPieces(key, { slot, usages: ['decrypt', 'decryptChunks'], aad, data: ciphertext })
      ) {
        return decryptWhole(chip.cipherStreams, { ...input, mode, nonce }, call)
      }
      return mode === 'CCM*'
        ? chip.ciphers.decryptCcm({ ...input, nonce }, call)
        : chip.ciphers.decryptGcm({ ...input, iv: nonce }, call)
    }
    case 'CMAC':
    case 'HKDF':
    case 'HMAC':
      throw noCipher(slot, mode)
    default:
      return mode satisfies never
  }
}

interface UsedKey {
  readonly mode: KeyModeName
  readonly tagLength?: number | undefined
  readonly usage: readonly KeyUsage[]
}

/** The key as the chip has it, mode and tag length as given. */
async function keyOf(
  chip: Stsafe,
  { slot, mode, tagLength }: EncryptOptions,
  call: ChipCall,
): Promise<UsedKey> {
  const entry = await keyOfSlot(chip, slot, call)
  const { usage } = entry
  return { mode: mode ?? entry.mode, tagLength: tagLength ?? tagLengthOf(entry), usage }
}

interface Work {
  readonly slot: number
  /** For one command, and for pieces. */
  readonly usages: readonly [KeyUsage, KeyUsage]
  readonly aad?: Uint8Array | undefined
  readonly data: Uint8Array
}

/** Whether a message goes in pieces: because one command does not hold it, or because the key asks for it. */
function goesInPieces({ usage }: UsedKey, { slot, usages: [whole, pieces], aad, data }: Work) {
  const octets = data.length + (aad?.length ?? 0)
  if (usage.includes(pieces)) return !usage.includes(whole) || octets > oneCommand
  if (octets <= longestFrame) return false
  const allowed = usage.map(kebab).join(', ')
  const message = `${octets} octets need a key with the usage ${kebab(pieces)}; that of slot ${slot} has ${allowed}`
  throw new CliError('CLI_USAGE', message)
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

function fieldsOf(fields: Readonly<Record<string, string>>): Report {
  return { text: fieldsText(fields), document: fields }
}

function noCipher(slot: number, mode: KeyModeName): CliError {
  return new CliError(
    'CLI_USAGE',
    `slot ${slot} holds a key of mode ${mode}, which does not encrypt`,
  )
}
