import type { Random, Secret } from '@keyline/bytes'
import { encryptPkcs8, pemEncode } from '@keyline/x509'
import type { Pki } from './create-pki.ts'

export interface PkiFile {
  readonly name: string
  /** PEM. */
  readonly content: string
  /** True for a key: written with mode 0600. */
  readonly isSecret: boolean
}

export interface PkiFilesInput {
  readonly pki: Pki
  /** Closes both keys. */
  readonly passphrase: Secret
  readonly random: Random
  /** PBKDF2 iterations; the builder's default unless given. */
  readonly iterations?: number | undefined
}

/** The four files of a PKI: certificates in PEM, keys as PKCS#8 under PBES2. The caller writes them. */
export async function pkiFiles(input: PkiFilesInput): Promise<readonly PkiFile[]> {
  const { pki, passphrase, random, iterations } = input
  const files = (['paa', 'pai'] as const).map(async (role) => {
    const { certificate, keyPair } = pki[role]
    return [
      {
        name: `${role}.cert.pem`,
        content: pemEncode('CERTIFICATE', certificate),
        isSecret: false,
      },
      {
        name: `${role}.key.pem`,
        content: await encryptPkcs8(keyPair, passphrase, { random, iterations }),
        isSecret: true,
      },
    ]
  })
  return (await Promise.all(files)).flat()
}
