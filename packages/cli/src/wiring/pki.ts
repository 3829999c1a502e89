import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeUtf8, Secret, systemClock } from '@keyline/bytes'
import type { Signer } from '@keyline/crypto'
import {
  guardedSigner,
  openFileSigner,
  pkiFiles,
  type HeldSigner,
  type PkiFilesInput,
} from '@keyline/issuer'
import { pemDecode } from '@keyline/x509'
import { CliError } from '../errors.ts'
import { openKey } from './signer-key.ts'

/** Names of the files that `keyline pki init` writes. */
const paaCertificate = 'paa.cert.pem'
const paiCertificate = 'pai.cert.pem'

/** Of a CA, whose key is in a file, or elsewhere under a name (`pkcs11:…`, `unix:…`). */
export type CaRole = 'paa' | 'pai'
const keyFile = (role: CaRole): string => `${role}.key.pem`
const keyUriFile = (role: CaRole): string => `${role}.key.uri`

/** A module that hangs must not hang the line. */
const signTimeoutMs = 10_000

/** The certificates of a line and the handle of the PAI key. */
export interface LinePki {
  /** X.509 DER. */
  readonly paa: Uint8Array
  readonly pai: Uint8Array
  readonly signer: Signer
}

export async function hasPki(folder: string): Promise<boolean> {
  const names = [keyFile('pai'), keyUriFile('pai')]
  const found = await Promise.all(names.map((name) => isThere(join(folder, name))))
  return found.includes(true)
}

/** Writes certificates and keys, or the names of keys; nothing is overwritten. @throws CliError `CLI_EXISTS` */
export async function writePki(folder: string, input: PkiFilesInput): Promise<readonly string[]> {
  await requireNoPki(folder)
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new CliError('CLI_FILE', `the folder ${folder} cannot be made`, { cause })
  })
  const written: string[] = []
  for (const file of await pkiFiles(input)) {
    const path = join(folder, file.name)
    const options = { mode: file.isSecret ? 0o600 : 0o644, flag: 'wx' }
    await writeFile(path, file.content, options).catch((cause: unknown) => {
      throw new CliError('CLI_FILE', `${path} cannot be written, or exists`, { cause })
    })
    written.push(path)
  }
  return written
}

/** @throws CliError `CLI_EXISTS` */
export async function requireNoPki(folder: string): Promise<void> {
  if (await hasPki(folder)) throw new CliError('CLI_EXISTS', `${folder} holds a PKI already`)
}

/**
 * Opens the PKI of a folder, whose PAI key is in a file, a PKCS#11 module or a signer process.
 * @param passphrase opens a file; for a key elsewhere it is not looked at
 * @throws CliError `CLI_NO_PKI`, `CLI_PIN`; IssuerError when the key does not open
 */
export async function openPki(folder: string, passphrase: Secret): Promise<LinePki> {
  const [paa, pai] = await Promise.all([
    readCaCertificate(folder, 'paa'),
    readCaCertificate(folder, 'pai'),
  ])
  const signer = await openCaKey(folder, 'pai', passphrase)
  return {
    paa,
    pai,
    signer: guardedSigner({ signer, clock: systemClock, timeoutMs: signTimeoutMs }),
  }
}

/** X.509 DER. @throws CliError `CLI_NO_PKI` */
export async function readCaCertificate(folder: string, role: CaRole): Promise<Uint8Array> {
  const pem = await readText(join(folder, role === 'paa' ? paaCertificate : paiCertificate))
  if (pem !== undefined) return pemDecode(pem, 'CERTIFICATE')
  throw new CliError('CLI_NO_PKI', `${folder} has no certificate of a ${role.toUpperCase()}`)
}

/** The holder of a CA key of a folder. @throws CliError `CLI_NO_PKI`, `CLI_PIN`; IssuerError */
export async function openCaKey(
  folder: string,
  role: CaRole,
  passphrase: Secret,
): Promise<Signer | HeldSigner> {
  const [pem, uri] = await Promise.all([
    readText(join(folder, keyFile(role))),
    readText(join(folder, keyUriFile(role))),
  ])
  if (pem !== undefined && uri !== undefined) {
    const message = `${folder} has ${keyFile(role)} and ${keyUriFile(role)}, but a CA has one key`
    throw new CliError('CLI_NO_PKI', message, { remedy: 'move the wrong one of the two away' })
  }
  if (uri !== undefined) return openKey(uri.trim())
  if (pem !== undefined) return openFileSigner({ pem, passphrase })
  throw new CliError('CLI_NO_PKI', `${folder} has no key of a ${role.toUpperCase()}`)
}

/**
 * The passphrase that opens a CA key of a folder; empty where the key is not in a file, and nobody needs one.
 * @throws CliError `CLI_PASSPHRASE`
 */
export async function passphraseOf(
  folder: string,
  file: string | undefined,
  role: CaRole = 'pai',
): Promise<Secret> {
  if (await isThere(join(folder, keyUriFile(role)))) return new Secret(new Uint8Array())
  return readPassphrase(file)
}

/**
 * The passphrase of a PKI: first line of the file that the option or else KEYLINE_PASSPHRASE_FILE names.
 * @throws CliError `CLI_PASSPHRASE`
 */
export async function readPassphrase(file: string | undefined): Promise<Secret> {
  const path = file ?? process.env['KEYLINE_PASSPHRASE_FILE']
  if (path === undefined || path === '') {
    throw new CliError('CLI_PASSPHRASE', 'no passphrase is given for the keys of the PKI')
  }
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new CliError('CLI_PASSPHRASE', `the passphrase file ${path} cannot be read`, { cause })
  }
  const line = text.split(/\r?\n/)[0] ?? ''
  if (line.length < 8) {
    throw new CliError('CLI_PASSPHRASE', `the passphrase in ${path} has fewer than 8 characters`)
  }
  return new Secret(encodeUtf8(line))
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
