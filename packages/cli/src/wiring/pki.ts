import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeUtf8, Secret, type Random } from '@keyline/bytes'
import type { Signer } from '@keyline/crypto'
import { openFileSigner, pkiFiles, type Pki } from '@keyline/issuer'
import { pemDecode } from '@keyline/x509'
import { CliError } from '../errors.ts'

/** Names of the files that `keyline pki init` writes. */
const paaCertificate = 'paa.cert.pem'
const paiCertificate = 'pai.cert.pem'
const paiKey = 'pai.key.pem'

/** The certificates of a line and the handle of the PAI key. */
export interface LinePki {
  /** X.509 DER. */
  readonly paa: Uint8Array
  readonly pai: Uint8Array
  readonly signer: Signer
}

export async function hasPki(folder: string): Promise<boolean> {
  return (await stat(join(folder, paiKey)).catch(() => undefined)) !== undefined
}

/** Writes certificates and encrypted keys; existing keys are never overwritten. @throws CliError `CLI_EXISTS` */
export async function writePki(
  folder: string,
  input: { readonly pki: Pki; readonly passphrase: Secret; readonly random: Random },
): Promise<readonly string[]> {
  if (await hasPki(folder)) throw new CliError('CLI_EXISTS', `${folder} holds a PKI already`)
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

/** @throws CliError `CLI_NO_PKI`; IssuerError when the key does not open */
export async function openPki(folder: string, passphrase: Secret): Promise<LinePki> {
  const [paa, pai, key] = await Promise.all(
    [paaCertificate, paiCertificate, paiKey].map((name) => readPem(join(folder, name))),
  )
  if (paa === undefined || pai === undefined || key === undefined) {
    throw new CliError('CLI_NO_PKI', `${folder} has no complete PKI`)
  }
  return {
    paa: pemDecode(paa, 'CERTIFICATE'),
    pai: pemDecode(pai, 'CERTIFICATE'),
    signer: openFileSigner({ pem: key, passphrase }),
  }
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

async function readPem(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}
