import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeOnce } from './pki-output.ts'

/**
 * What a PKI folder has issued: one file for each key, named by the SHA-256 of its SubjectPublicKeyInfo. That no key
 * gets two certificates is left to the file system, which gives a name once.
 */
export class IssuedFolder {
  readonly #folder: string

  /** @param pkiFolder folder of the PAI */
  constructor(pkiFolder: string) {
    this.#folder = join(pkiFolder, 'issued')
  }

  /** @param spkiSha256 lower-case hexadecimal */
  pathOf(spkiSha256: string): string {
    return join(this.#folder, `${spkiSha256}.cert.pem`)
  }

  async has(spkiSha256: string): Promise<boolean> {
    return (await stat(this.pathOf(spkiSha256)).catch(() => undefined)) !== undefined
  }

  /** Keeps a certificate; false when the key has one already. @throws CliError `CLI_FILE` */
  keep(spkiSha256: string, pem: string): Promise<boolean> {
    return writeOnce({ path: this.pathOf(spkiSha256), content: pem })
  }
}
