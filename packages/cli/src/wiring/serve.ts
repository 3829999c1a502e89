import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism, hostname } from 'node:os'
import { join } from 'node:path'
import { systemClock, systemRandom, toHexUpper } from '@keyline/bytes'
import { createLocalIssuer, VerifierThreads } from '@keyline/issuer'
import { openLedger, type Ledger } from '@keyline/ledger'
import type { Policy } from '@keyline/ledger/records'
import {
  createLog,
  createServiceCa,
  drawToken,
  loadServiceCa,
  startServer,
  storeServiceCa,
  tokenLifeMs,
  type ServerLog,
  type ServiceCa,
} from '@keyline/server'
import { takeLock } from '@keyline/station'
import { keyIdentifier, parseCertificate, pemEncode } from '@keyline/x509'
import { buildTime } from '../build-time.ts'
import { CliError } from '../errors.ts'
import type { BesideOptions, VerifierBeside } from './attest/serve-beside.ts'
import { checkpointFolder, homeAt, makeHome, storeKey, type Home } from './home.ts'
import { keepLists } from './keep-lists.ts'
import { ledgerLocation } from './open-station.ts'
import { openCaKey, passphraseOf, readCaCertificate, type LinePki } from './pki.ts'
import { openKey } from './signer-key.ts'

export interface ServeOptions {
  readonly home: string
  readonly ledger?: string | undefined
  readonly policy: Policy
  readonly listen: ListenAddress
  /** Names and addresses beside those of this machine. */
  readonly hostName?: readonly string[] | undefined
  /** Folder of PAA and PAI; `pki` of the home unless given. */
  readonly pki?: string | undefined
  readonly passphraseFile?: string | undefined
  /** Name of the PAI key, in the place of that in the folder. */
  readonly key?: string | undefined
  /** Makes the service CA and invites the first owner. */
  readonly init?: boolean | undefined
  /** Name of an owner who gets a one-time token. */
  readonly inviteOwner?: string | undefined
  /** The verifier of attestation tokens on the same ledger, at an address of its own. */
  readonly verifier?: BesideOptions | undefined
}

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** A server that listens, and what a person needs to reach it. */
export interface RunningService {
  readonly port: number
  /** File with the certificate of the service CA, which stations pin. */
  readonly caFile: string
  /** File with the one-time token of an owner, when one was invited. */
  readonly tokenFile?: string | undefined
  /** Key identifier of the PAI, upper-case hexadecimal. */
  readonly pai: string
  /** The verifier beside the issuer, when one was asked for. */
  readonly verifier?: Omit<VerifierBeside, 'stop'> | undefined
  stop(): Promise<void>
}

const firstOwner = 'owner'

/** One thread verifies twice as fast as this one does all the rest. */
const mostVerifiers = 1

/**
 * Opens home, ledger, PKI and signer, tests itself, and listens.
 * @throws StationError `STATION_BUSY`; ServerError, CliError, LedgerError, IssuerError, each with its remedy
 */
export async function startService(options: ServeOptions): Promise<RunningService> {
  const home = homeAt(options.home)
  await makeHome(home)
  const lock = await takeLock(home.lockFolder, 'station')
  const opened: Array<() => Promise<void>> = [() => lock.release()]
  const closeAll = async (): Promise<void> => {
    for (const close of opened.toReversed()) await close()
  }
  try {
    const sealing = await storeKey({ home, policy: options.policy, random: systemRandom })
    opened.push(() => Promise.resolve(sealing.wipe()))
    const ledger = await openLedger({
      database: ledgerLocation(options.ledger ?? process.env['KEYLINE_LEDGER'], home),
      storeKey: sealing,
      clock: systemClock,
      random: systemRandom,
      actor: 'server',
      policy: options.policy,
      checkpoints: { folder: checkpointFolder(home) },
    })
    opened.push(() => ledger.close())
    const service = await listen(options, home, ledger)
    return {
      ...service,
      stop: async () => {
        await service.stop()
        await closeAll()
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function listen(options: ServeOptions, home: Home, ledger: Ledger): Promise<RunningService> {
  const { policy } = options
  const pki = await openAuthority(options, home)
  const common = { clock: systemClock, random: systemRandom, policy }
  const log = createLog()
  const verifier = new VerifierThreads({
    count: Math.min(mostVerifiers, availableParallelism() - 1),
    onFailure: (error) => log.error('a thread that verifies has ended', error),
  })
  const issuer = await createLocalIssuer({
    ...pki,
    ...common,
    verifier,
    store: ledger,
    buildDate: buildTime,
  })
  if (options.init === true) await initService(ledger)
  const serviceCa = await loadServiceCa(ledger)
  const caFile = await writeCa(home, serviceCa)
  const owner = options.inviteOwner ?? (options.init === true ? firstOwner : undefined)
  const tokenFile = owner === undefined ? undefined : await inviteOwner(home, ledger, owner)
  const server = await startServer(
    { ...pki, ...common, ledger, issuer, serviceCa, log },
    { ...options.listen, hostNames: hostNamesOf(options) },
  )
  const lists = await keepLists({ ledger, pki, log }).catch(async (error: unknown) => {
    await server.stop()
    throw error
  })
  const beside = await openVerifier(options, ledger, log).catch(async (error: unknown) => {
    await lists.stop()
    await server.stop()
    throw error
  })
  return {
    port: server.port,
    caFile,
    tokenFile,
    pai: toHexUpper(keyIdentifier(parseCertificate(pki.pai).spki.key.octets)),
    verifier: beside,
    stop: async () => {
      await beside?.stop()
      await lists.stop()
      await server.stop()
      await verifier.close()
      log.flush()
    },
  }
}

async function openVerifier(
  { verifier, policy }: ServeOptions,
  ledger: Ledger,
  log: ServerLog,
): Promise<VerifierBeside | undefined> {
  if (verifier === undefined) return undefined
  const { serveBeside } = await import('./attest/serve-beside.ts')
  return serveBeside(ledger, log, { ...verifier, policy })
}

/** The certificates of a folder, and the key of the PAI as it is held: the issuer judges where it rests, and guards it. */
async function openAuthority(options: ServeOptions, home: Home): Promise<LinePki> {
  const folder = options.pki ?? home.pkiFolder
  const [paa, pai] = await Promise.all([
    readCaCertificate(folder, 'paa'),
    readCaCertificate(folder, 'pai'),
  ])
  if (options.key !== undefined) return { paa, pai, signer: await openKey(options.key) }
  using passphrase = await passphraseOf(folder, options.passphraseFile)
  return { paa, pai, signer: await openCaKey(folder, 'pai', passphrase) }
}

async function initService(ledger: Ledger): Promise<void> {
  const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000)
  await storeServiceCa(ledger, await createServiceCa({ notBefore, random: systemRandom }))
}

/** What stations pin; the key of the CA stays sealed in the ledger, where every server of it finds it. */
async function writeCa(home: Home, ca: ServiceCa): Promise<string> {
  const path = join(await serviceFolder(home), 'ca.cert.pem')
  await writeFile(path, pemEncode('CERTIFICATE', ca.certificate)).catch((cause: unknown) => {
    throw new CliError('CLI_FILE', `${path} cannot be written`, { cause })
  })
  return path
}

/** Whoever may open the ledger on this machine may make an owner: the way back when every owner is lost. */
async function inviteOwner(home: Home, ledger: Ledger, name: string): Promise<string> {
  const { token, sha256 } = drawToken(systemRandom)
  const path = join(await serviceFolder(home), `${name}.token`)
  const expiresAt = Date.now() + tokenLifeMs
  await ledger.members.invite({ name, role: 'owner', tokenSha256: sha256, expiresAt })
  await writeFile(path, token.reveal(), { mode: 0o600, flag: 'w' }).catch((cause: unknown) => {
    throw new CliError('CLI_FILE', `${path} cannot be written`, { cause })
  })
  token.wipe()
  return path
}

async function serviceFolder(home: Home): Promise<string> {
  const folder = join(home.folder, 'service')
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new CliError('CLI_FILE', `the folder ${folder} cannot be made`, { cause })
  })
  return folder
}

const everywhere: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** What was asked for, the address that is listened on, and this machine itself. */
function hostNamesOf({ hostName = [], listen: { host } }: ServeOptions): readonly string[] {
  const own = everywhere.has(host) ? [] : [host]
  return [...new Set([...hostName, ...own, hostname(), 'localhost', '127.0.0.1', '::1'])]
}
