import { resolve } from 'node:path'
import { stat } from 'node:fs/promises'
import { systemClock, systemRandom } from '@keyline/bytes'
import { openListAuthority, type ListAuthority } from '@keyline/issuer'
import { openLedger, type Ledger } from '@keyline/ledger'
import { takeLock } from '@keyline/station'
import { parseCertificate, type Certificate } from '@keyline/x509'
import { CliError } from '../errors.ts'
import { checkpointFolder, homeAt, requireHome, storeKey, type Home } from './home.ts'
import { ledgerLocation } from './open-station.ts'
import { readCertificate } from './pki-input.ts'
import { readSigner } from './pki-trust.ts'
import { openCaKey, passphraseOf, readCaCertificate, type CaRole } from './pki.ts'

export interface LedgerOptions {
  readonly home: string
  readonly ledger?: string | undefined
}

/**
 * Works on the ledger of a home. A SQLite file belongs to one process, so nobody else may have it open; PostgreSQL may be in use.
 * @throws StationError `STATION_BUSY`; CliError `CLI_NO_STATION`; LedgerError
 */
export async function withLedger<T>(
  options: LedgerOptions,
  work: (ledger: Ledger, home: Home) => Promise<T>,
): Promise<T> {
  const home = homeAt(options.home)
  const database = ledgerLocation(options.ledger ?? process.env['KEYLINE_LEDGER'], home)
  await requireHome(home)
  const lock = database.kind === 'sqlite' ? await takeLock(home.lockFolder, 'station') : undefined
  try {
    using key = await storeKey({ home, policy: 'test', random: systemRandom })
    const folder = checkpointFolder(home)
    const isWatched = (await stat(folder).catch(() => undefined)) !== undefined
    await using ledger = await openLedger({
      database,
      storeKey: key,
      clock: systemClock,
      random: systemRandom,
      actor: 'officer',
      ...(isWatched && lock !== undefined ? { checkpoints: { folder } } : {}),
    })
    return await work(ledger, home)
  } finally {
    await lock?.release()
  }
}

export interface AuthorityOptions {
  readonly home: string
  /** Folder of PAA and PAI; `pki` of the home unless given. */
  readonly pki?: string | undefined
  readonly role: CaRole
  readonly passphraseFile?: string | undefined
  /** Certificate and key of a separate signer of lists. */
  readonly signerCertificate?: string | undefined
  readonly signerKey?: string | undefined
  /** URL that the list names as its place. */
  readonly distributionPoint?: string | undefined
}

/** The certificate of a CA, and of the separate signer of its lists, without any key. */
export async function readAuthority(options: AuthorityOptions): Promise<{
  readonly issuer: Certificate
  readonly delegate: Certificate | undefined
}> {
  const issuer = await readCaCertificate(pkiFolder(options), options.role)
  const { signerCertificate } = options
  return {
    issuer: parseCertificate(issuer),
    delegate:
      signerCertificate === undefined
        ? undefined
        : parseCertificate(await readCertificate(signerCertificate)),
  }
}

/**
 * Who signs the lists of a CA: the CA, with its key in a file, a module or a signer process, or a separate signer.
 * @throws CliError `CLI_NO_PKI`, `CLI_PASSPHRASE`, `CLI_USAGE`; IssuerError `ISSUER_CRL_SIGNER`
 */
export async function openAuthority(options: AuthorityOptions): Promise<ListAuthority> {
  const { role, signerCertificate, signerKey, distributionPoint } = options
  if ((signerCertificate === undefined) !== (signerKey === undefined)) {
    throw new CliError('CLI_USAGE', 'a separate signer needs --signer-cert and --signer-key')
  }
  const folder = pkiFolder(options)
  const issuer = await readCaCertificate(folder, role)
  if (signerCertificate !== undefined && signerKey !== undefined) {
    const delegate = await readCertificate(signerCertificate)
    const signer = await readSigner(signerKey)
    return openListAuthority({ issuer, delegate, signer, distributionPoint })
  }
  using passphrase = await passphraseOf(folder, options.passphraseFile, role)
  const signer = await openCaKey(folder, role, passphrase)
  return openListAuthority({ issuer, signer, distributionPoint })
}

function pkiFolder({ pki, home }: AuthorityOptions): string {
  return pki === undefined ? homeAt(home).pkiFolder : resolve(pki)
}
