import { PsaError } from '../errors.ts'
import type { RsseExportOptions } from './export.ts'

/** One `name=value` of the command line of ST's tool: its values, and what each of them sets. */
const parameters = {
  KeyType: { eccchipfu: { keyType: 'FU' }, eccchiplu: { keyType: 'LU' } },
  ExportPublicKey: { Yes: { exportPublicKey: true }, No: { exportPublicKey: false } },
  WrappingKeySelect: {
    DHUK: { wrappingKey: 'DHUK' },
    DHUK_XOR_BHK: { wrappingKey: 'DHUK_XOR_BHK' },
  },
  KeyUsage: { ECDSA_USAGE_SIGN: { usage: 'ecdsa' }, ECC_USAGE_SCALAR_MUL: { usage: 'ecc' } },
  SecAttr: { SECURE: { isSecure: true }, NON_SECURE: { isSecure: false } },
  PrivAttr: { PRIVILEGE: { isPrivileged: true }, NON_PRIVILEGE: { isPrivileged: false } },
  /** For symmetric keys; an elliptic one is wrapped with GCM whatever it says. */
  AESMode: { ECB: {}, CBC: {}, GCM: {} },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Partial<RsseExportOptions>>>>>

/** What the tool takes when a parameter is left out. */
const defaults: RsseExportOptions = {
  keyType: 'FU',
  usage: 'ecdsa',
  wrappingKey: 'DHUK',
  isSecure: false,
  isPrivileged: true,
  exportPublicKey: false,
}

/** Reads parameters as `KeyType=eccchipfu`, each at most once. @throws PsaError `PSA_PARAMETER` */
export function parseRsseParameters(args: readonly string[]): RsseExportOptions {
  const table = new Map<string, Readonly<Record<string, Partial<RsseExportOptions>>>>(
    Object.entries(parameters),
  )
  const options: RsseExportOptions = { ...defaults }
  for (const arg of args) {
    const [name = '', value = ''] = arg.split(/=(.*)/s)
    const values = table.get(name)
    table.delete(name)
    if (values === undefined) {
      const known = Object.keys(parameters).join(', ')
      throw new PsaError('PSA_PARAMETER', `${arg}: ${name} is repeated or none of ${known}`)
    }
    const set = Object.hasOwn(values, value) ? values[value] : undefined
    if (set === undefined) {
      const known = Object.keys(values).join(', ')
      throw new PsaError('PSA_PARAMETER', `${name} is ${value}, but must be one of ${known}`)
    }
    Object.assign(options, set)
  }
  return options
}
