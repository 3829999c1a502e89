import { systemRandom, type Random, type Secret } from '@keyline/bytes'
import { generateP256, keyPairSigner, type P256KeyPair, type Signer } from '@keyline/crypto'
import {
  certifyPaa,
  certifyPai,
  formatPkcs11Uri,
  makePkcs11Key,
  parsePkcs11Uri,
  type CertifiedKeyFile,
} from '@keyline/issuer'
import { CliError } from '../errors.ts'
import {
  openCaKey,
  passphraseOf,
  readCaCertificate,
  readPassphrase,
  requireNoPki,
  writePki,
} from './pki.ts'
import { readPin } from './signer-key.ts'

export interface PkiInitOptions {
  readonly folder: string
  readonly vendorId: number
  readonly productId?: number | undefined
  /** Folder of a PAA that exists, with its key. */
  readonly paaFolder?: string | undefined
  /** Opens the key of that PAA; `passphraseFile` unless given. */
  readonly paaPassphraseFile?: string | undefined
  /** Names of keys that are made in a PKCS#11 module, in the place of files. */
  readonly paaKey?: string | undefined
  readonly paiKey?: string | undefined
  /** Closes key files; only read when there are any. */
  readonly passphraseFile?: string | undefined
  readonly random?: Random | undefined
}

export interface MadePki {
  readonly files: readonly string[]
  /** X.509 DER. */
  readonly paa: Uint8Array
  readonly pai: Uint8Array
}

/**
 * Makes a PAI, and the PAA above it unless there is one. Keys are drawn here and closed with the passphrase, or made
 * inside a PKCS#11 module that they never leave; then the folder keeps their name.
 * @throws CliError `CLI_EXISTS`, `CLI_USAGE`, `CLI_PASSPHRASE`, `CLI_PIN`; IssuerError
 */
export async function initPki(options: PkiInitOptions): Promise<MadePki> {
  const { folder, vendorId, productId, random = systemRandom, paaFolder, paaKey } = options
  if (paaFolder !== undefined && paaKey !== undefined) {
    throw new CliError('CLI_USAGE', '--paa names a PAA that exists, --paa-key makes a new one')
  }
  await requireNoPki(folder)
  const passphrase = await passphraseFor(options)
  const closing: Signer[] = []
  try {
    const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000)
    const common = { vendorId, notBefore, random }
    const paa =
      paaFolder === undefined
        ? await newPaa(common, await makeKey(paaKey, random))
        : await existingPaa(paaFolder, options)
    closing.push(paa.signer)
    const key = await makeKey(options.paiKey, random)
    closing.push(key.signer)
    const { publicKey } = key.signer
    const pai = await certifyPai({ ...common, productId, publicKey, paa })
    const { keyPair, keyUri } = key
    const files = await writePki(folder, {
      pki: { paa: paa.file, pai: { certificate: pai, keyPair, keyUri } },
      passphrase,
      random,
    })
    return { files, paa: paa.certificate, pai }
  } finally {
    passphrase?.wipe()
    for (const signer of closing) if (isHeld(signer)) await signer.close()
  }
}

/** A key of this process with its pair, or one in a module with its name. */
interface MadeKey {
  readonly signer: Signer
  readonly keyPair?: P256KeyPair
  readonly keyUri?: string
}

interface OpenPaa {
  readonly certificate: Uint8Array
  readonly signer: Signer
  readonly file: CertifiedKeyFile
}

type Common = Pick<Parameters<typeof certifyPaa>[0], 'vendorId' | 'notBefore' | 'random'>

async function makeKey(uri: string | undefined, random: Random): Promise<MadeKey> {
  if (uri === undefined) {
    const keyPair = generateP256()
    return { signer: keyPairSigner(keyPair), keyPair }
  }
  const asked = parsePkcs11Uri(uri)
  const { signer, key } = await makePkcs11Key({ key: asked, pin: await readPin(asked), random })
  return { signer, keyUri: formatPkcs11Uri(key) }
}

async function newPaa(common: Common, key: MadeKey): Promise<OpenPaa> {
  const { signer, keyPair, keyUri } = key
  const certificate = await certifyPaa({ ...common, signer })
  return { certificate, signer, file: { certificate, keyPair, keyUri } }
}

/** Its key stays where it is. */
async function existingPaa(folder: string, options: PkiInitOptions): Promise<OpenPaa> {
  const certificate = await readCaCertificate(folder, 'paa')
  const file = options.paaPassphraseFile ?? options.passphraseFile
  const passphrase = await passphraseOf(folder, file, 'paa')
  const signer = await openCaKey(folder, 'paa', passphrase).finally(() => passphrase.wipe())
  return { certificate, signer, file: { certificate } }
}

/** Nobody is asked for a passphrase that closes nothing. */
async function passphraseFor(options: PkiInitOptions): Promise<Secret | undefined> {
  const { paaFolder, paaKey, paiKey, passphraseFile } = options
  const hasFile = paiKey === undefined || (paaFolder === undefined && paaKey === undefined)
  return hasFile ? readPassphrase(passphraseFile) : undefined
}

function isHeld(signer: Signer): signer is Signer & { close(): Promise<void> } {
  return 'close' in signer && typeof signer.close === 'function'
}
