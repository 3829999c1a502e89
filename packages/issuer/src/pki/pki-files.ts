import type { Random, Secret } from '@keyline/bytes'
import type { P256KeyPair } from '@keyline/crypto'
import { encryptPkcs8, pemEncode } from '@keyline/x509'
import { IssuerError } from '../errors.ts'

export interface PkiFile {
  readonly name: string
  /** PEM, or the name of a key. */
  readonly content: string
  /** True for a key: written with mode 0600. */
  readonly isSecret: boolean
}

/** A CA certificate and where its key is: in this process, or elsewhere under a name, or not for this folder. */
export interface CertifiedKeyFile {
  /** X.509 DER. */
  readonly certificate: Uint8Array
  readonly keyPair?: P256KeyPair | undefined
  /** `pkcs11:…` (RFC 7512) or `unix:…`; a PIN never stands in it. */
  readonly keyUri?: string | undefined
}

export interface PkiFilesInput {
  readonly pki: { readonly paa: CertifiedKeyFile; readonly pai: CertifiedKeyFile }
  /** Closes the keys of this process; only then needed. */
  readonly passphrase?: Secret | undefined
  readonly random: Random
  /** PBKDF2 iterations; the builder's default unless given. */
  readonly iterations?: number | undefined
}

/**
 * The files of a PKI: certificates in PEM, keys as PKCS#8 under PBES2 (`pai.key.pem`), or the name of a key that is
 * elsewhere (`pai.key.uri`). The caller writes them. @throws IssuerError `ISSUER_PKI_INPUT` without a passphrase
 */
export async function pkiFiles(input: PkiFilesInput): Promise<readonly PkiFile[]> {
  const files = await Promise.all(
    (['paa', 'pai'] as const).map((role) => filesOf(role, input.pki[role], input)),
  )
  return files.flat()
}

async function filesOf(
  role: 'paa' | 'pai',
  ca: CertifiedKeyFile,
  input: PkiFilesInput,
): Promise<readonly PkiFile[]> {
  const { certificate, keyPair, keyUri } = ca
  const content = pemEncode('CERTIFICATE', certificate)
  const certificateFile = { name: `${role}.cert.pem`, content, isSecret: false }
  if (keyPair !== undefined) {
    const key = await encrypted(keyPair, input)
    return [certificateFile, { name: `${role}.key.pem`, content: key, isSecret: true }]
  }
  if (keyUri === undefined) return [certificateFile]
  return [certificateFile, { name: `${role}.key.uri`, content: `${keyUri}\n`, isSecret: false }]
}

function encrypted(keyPair: P256KeyPair, input: PkiFilesInput): Promise<string> {
  const { passphrase, random, iterations } = input
  if (passphrase !== undefined) return encryptPkcs8(keyPair, passphrase, { random, iterations })
  throw new IssuerError('ISSUER_PKI_INPUT', 'no passphrase closes the keys of the files')
}
