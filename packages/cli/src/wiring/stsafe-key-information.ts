import { InvalidArgumentError } from 'commander'
import {
  keyModeCodes,
  type DerivedKeyInformation,
  type KeyInformation,
  type KeyMode,
  type KeyModeName,
  type KeyTableEntry,
  type KeyType,
  type KeyUsage,
  type LockIndicator,
} from '@keyline/stsafe/layout'
import { CliError } from '../errors.ts'
import { kebab } from './stsafe-text.ts'

/** A key information record as a command line names it. */
export interface KeyOptions {
  readonly type: KeyType
  readonly mode: KeyModeName
  readonly usage: readonly KeyUsage[]
  readonly lock: LockIndicator
  readonly minMacLength?: number
  readonly tagLength?: number
  readonly counterOffset?: number
  readonly keyLength?: number
  readonly returnable?: boolean
}

export const usages = [
  'generateMac',
  'verifyMac',
  'encrypt',
  'decrypt',
  'encryptChunks',
  'decryptChunks',
  'derive',
] as const satisfies readonly KeyUsage[]

/** What a mode needs beside type and usage, as options of a command line. */
const needs = {
  'CCM*': ['tagLength'],
  CMAC: ['minMacLength'],
  ECB: [],
  GCM: ['tagLength'],
  HKDF: ['keyLength'],
  HMAC: ['minMacLength', 'keyLength'],
} as const satisfies Readonly<Record<KeyModeName, readonly (keyof KeyOptions)[]>>

/** @throws CliError `CLI_USAGE` when an option is missing that the mode needs */
export function keyInformationOf(slot: number, options: KeyOptions): KeyInformation {
  return { slot, ...derivedKeyOf(options) }
}

/** The same without slot: a derived key finds its own. @throws CliError `CLI_USAGE` */
export function derivedKeyOf(options: KeyOptions): DerivedKeyInformation {
  const { lock, type, usage } = options
  return { lock, type, usage, ...modeOf(options) }
}

function modeOf(options: KeyOptions): KeyMode {
  const { mode, counterOffset, returnable = false } = options
  const number = (name: 'tagLength' | 'minMacLength' | 'keyLength'): number => {
    const value = options[name]
    if (value !== undefined) return value
    const missing = needs[mode].map((one) => `--${kebab(one)}`).join(' and ')
    throw new CliError('CLI_USAGE', `a key of mode ${mode} needs ${missing}`)
  }
  switch (mode) {
    case 'CCM*':
      return { mode, tagLength: number('tagLength'), counterOffset }
    case 'CMAC':
      return { mode, minMacLength: number('minMacLength') }
    case 'ECB':
      return { mode }
    case 'GCM':
      return { mode, tagLength: number('tagLength') }
    case 'HKDF':
      return { mode, returnable, keyLength: number('keyLength') }
    case 'HMAC':
      return { mode, minMacLength: number('minMacLength'), keyLength: number('keyLength') }
    default:
      return mode satisfies never
  }
}

/** Reads a mode; the star of CCM* may be left out, as shells take it for a pattern. */
export function keyMode(text: string): KeyModeName {
  const name = text.toUpperCase() === 'CCM' ? 'CCM*' : text.toUpperCase()
  const modes: readonly KeyModeName[] = ['CCM*', 'CMAC', 'ECB', 'GCM', 'HKDF', 'HMAC']
  const found = modes.find((mode) => mode === name)
  if (found !== undefined) return found
  throw new InvalidArgumentError(`It must be one of ${Object.keys(keyModeCodes).join(', ')}.`)
}

/** Reads usages such as `generate-mac,verify-mac`. */
export function keyUsages(text: string): readonly KeyUsage[] {
  return text.split(',').map((word) => {
    const found = usages.find((usage) => kebab(usage) === kebab(word.trim()))
    if (found !== undefined) return found
    throw new InvalidArgumentError(`It must be names of ${usages.map(kebab).join(', ')}.`)
  })
}

export const keyTableHeadings = [
  'slot',
  'lock',
  'type',
  'mode',
  'usage',
  'min MAC',
  'tag',
  'counter',
] as const

/** A row of the key table; an empty slot has its number alone. */
export function keyRow(entry: KeyTableEntry | undefined, slot: number): readonly string[] {
  const number = String(slot).padStart(2, '0')
  if (entry === undefined) return [number, '-']
  const { lock, type, mode, usage } = entry
  const own = {
    minMac: mode === 'CMAC' ? String(entry.minMacLength) : '',
    tag: mode === 'CCM*' || mode === 'GCM' ? String(entry.tagLength) : '',
    counter:
      mode === 'CCM*' && entry.counterOffset !== undefined
        ? `${entry.counter ?? 0} at ${entry.counterOffset}`
        : '',
  }
  return [number, lock, type, mode, usage.map(kebab).join(' '), own.minMac, own.tag, own.counter]
}
