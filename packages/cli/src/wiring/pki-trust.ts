import { isKeylineError, Secret } from '@keyline/bytes'
import {
  CryptoError,
  keyPairSigner,
  p256FromEncoded,
  type P256KeyPair,
  type Signer,
} from '@keyline/crypto'
import {
  checkPaa,
  declarationSigner,
  declarationSigners,
  prepareTrust,
  readRevocationSet,
  type DeclarationSigner,
  type RevocationSet,
  type Trust,
  type TrustPolicy,
} from '@keyline/matter'
import { CliError } from '../errors.ts'
import { placeOf, readCertificate, readInput, readJsonInput, readTrustStore } from './pki-input.ts'

export interface TrustFiles {
  /** Files and folders of PAA certificates. */
  readonly paas: readonly string[]
  readonly policy: TrustPolicy
  /** Certificates of further signers of declarations; they are believed as far as the SDK test key is. */
  readonly signers: readonly string[]
  readonly revocation?: string | undefined
}

export interface LoadedTrust {
  readonly trust: Trust
  readonly revocationSet: RevocationSet | undefined
}

/**
 * Trust anchors, signers and revocation set from files.
 * @throws CliError `CLI_FILE`, `CLI_INPUT` with the file of what cannot be trusted; MatterError `REVOCATION_SET`
 */
export async function loadTrust(files: TrustFiles): Promise<LoadedTrust> {
  const store = await readTrustStore(files.paas)
  for (const { octets, place } of store) {
    const violations = checkPaa(octets)
    if (violations.length > 0) {
      throw new CliError('CLI_INPUT', `${place} is no usable PAA: ${violations.join(', ')}`)
    }
  }
  const revocationSet =
    files.revocation === undefined
      ? undefined
      : readRevocationSet(await readJsonInput(files.revocation, 'revocationSet'))
  const trust = prepareTrust({
    paas: store.map(({ octets }) => octets),
    policy: files.policy,
    signers: [...declarationSigners, ...(await readSigners(files.signers))],
    revocationSet,
  })
  return { trust, revocationSet }
}

/** Signers of declarations by their certificates. @throws CliError `CLI_FILE`, `CLI_INPUT` */
export function readSigners(files: readonly string[]): Promise<readonly DeclarationSigner[]> {
  return Promise.all(
    files.map(async (file) => {
      const certificate = await readCertificate(file)
      return inFile(file, () => declarationSigner(certificate, 'test', placeOf(file)))
    }),
  )
}

/** A private key: PKCS#8 or SEC1, PEM or DER. @throws CliError `CLI_FILE`, `CLI_INPUT`, `CLI_PASSPHRASE` */
export async function readKeyPair(file: string, passphrase?: Secret): Promise<P256KeyPair> {
  const secret = new Secret(await readInput(file, 'key'))
  try {
    return inFile(file, () => p256FromEncoded({ octets: secret.reveal(), passphrase }))
  } catch (cause) {
    if (!(cause instanceof CryptoError) || cause.code !== 'KEY_PASSPHRASE') throw cause
    throw new CliError('CLI_PASSPHRASE', `${placeOf(file)}: ${cause.message}`, { cause })
  } finally {
    secret.wipe()
  }
}

export async function readSigner(file: string, passphrase?: Secret): Promise<Signer> {
  return keyPairSigner(await readKeyPair(file, passphrase))
}

/** The file in front of what is wrong with its content. */
function inFile<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!isKeylineError(cause) || cause.fault !== 'caller') throw cause
    throw new CliError('CLI_INPUT', `${placeOf(file)}: ${cause.message}`, { cause })
  }
}
