import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeUtf8, Secret, systemRandom } from '@keyline/bytes'
import { createPki, pkiFiles, type PkiInput } from '@keyline/issuer'

export const passphrase = 'a passphrase of the test'

/** A file with the passphrase of every PKI of the tests. */
export async function writePassphrase(folder: string, text = passphrase): Promise<string> {
  const path = join(folder, 'passphrase.txt')
  await writeFile(path, `${text}\n`, { mode: 0o600 })
  return path
}

/** The files of `keyline pki init`, with names, dates and ids that it does not make, and opened faster. */
export async function writeTestPki(folder: string, input: Partial<PkiInput> = {}): Promise<string> {
  const pki = await createPki({
    vendorId: 0xfff1,
    notBefore: new Date('2026-01-01T00:00:00Z'),
    random: systemRandom,
    ...input,
  })
  const files = await pkiFiles({
    pki,
    passphrase: new Secret(encodeUtf8(passphrase)),
    random: systemRandom,
    iterations: 10_000,
  })
  await mkdir(folder, { recursive: true })
  for (const { name, content } of files) await writeFile(join(folder, name), content)
  return folder
}

/** A PKI with some of its files taken from another. */
export async function mixedPki(
  folder: string,
  from: { readonly pki: string; readonly other: string; readonly files: readonly string[] },
): Promise<string> {
  await mkdir(folder, { recursive: true })
  for (const name of ['paa.cert.pem', 'pai.cert.pem', 'pai.key.pem']) {
    const source = from.files.includes(name) ? from.other : from.pki
    await copyFile(join(source, name), join(folder, name))
  }
  return folder
}
