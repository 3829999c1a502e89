import { mkdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { equalOctets, systemClock } from '@keyline/bytes'
import type { P256PublicKey, Signer } from '@keyline/crypto'
import {
  guardedSigner,
  readPai,
  serveSigner,
  SignatureCounter,
  createSigningCheck,
  type HeldSigner,
} from '@keyline/issuer'
import { takeLock } from '@keyline/station'
import { CliError } from '../errors.ts'
import { readDerInput } from './pki-input.ts'
import { openCaKey, passphraseOf, readCaCertificate } from './pki.ts'
import { openKey } from './signer-key.ts'

export interface SignerProcessOptions {
  /** `unix:` and the path of the socket. */
  readonly listen: string
  /** Folder with the PAI and its key. */
  readonly pki?: string | undefined
  readonly passphraseFile?: string | undefined
  /** Name of a key, in the place of a folder; then with the certificate and the counter. */
  readonly key?: string | undefined
  readonly pai?: string | undefined
  readonly counter?: string | undefined
  readonly limit?: number | undefined
  readonly limitPerMinute?: number | undefined
  readonly peerGroup?: number | undefined
}

/** A holder of a PAI key that answers at its socket. */
export interface RunningSigner {
  readonly address: string
  /** Certificates that it had counted when it started. */
  readonly counted: number
  readonly counter: string
  close(): Promise<void>
}

const signTimeoutMs = 10_000

/** Opens the key, its counter and the socket. @throws CliError `CLI_USAGE`, `CLI_NO_PKI`; IssuerError; StationError `STATION_BUSY` */
export async function startSigner(options: SignerProcessOptions): Promise<RunningSigner> {
  const path = /^unix:(.+)$/.exec(options.listen)?.[1]
  if (path === undefined) throw new CliError('CLI_USAGE', '--listen must be unix: and a path')
  const socket = resolve(path)
  const counter = counterOf(options)
  const opened: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const end of opened.splice(0).toReversed()) await end()
  }
  try {
    const { pai, signer: held } = await openAuthority(options)
    if ('close' in held) opened.push(() => held.close())
    const { publicKey } = held
    requireOwnKey(pai, publicKey)
    await makeSocketFolder(dirname(socket))
    const lock = await takeLock(dirname(counter), basename(counter))
    opened.push(() => lock.release())
    const { limit, limitPerMinute, peerGroup } = options
    const limits = { limit, limitPerMinute }
    const clock = systemClock
    const counts = await SignatureCounter.open({ path: counter, publicKey, clock, ...limits })
    opened.push(() => counts.close())
    const counted = counts.total
    const server = await serveSigner({
      path: socket,
      signer: guardedSigner({ signer: held, clock, timeoutMs: signTimeoutMs }),
      check: createSigningCheck(pai),
      counter: counts,
      peerGroup,
    })
    opened.push(() => server.close())
    return { address: `unix:${socket}`, counted, counter, close }
  } catch (error) {
    await close()
    throw error
  }
}

function requireOwnKey(pai: Uint8Array, publicKey: P256PublicKey): void {
  if (equalOctets(readPai(pai).publicKey.point, publicKey.point)) return
  throw new CliError('CLI_NO_PKI', 'the key is not that of the PAI', {
    remedy: 'name the key and the certificate that belong together',
  })
}

async function makeSocketFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new CliError('CLI_FILE', `the folder ${folder} cannot be made`, { cause })
  })
}

async function openAuthority(options: SignerProcessOptions): Promise<{
  readonly pai: Uint8Array
  readonly signer: Signer | HeldSigner
}> {
  const { pki, key, pai, passphraseFile } = options
  if (pki !== undefined && key === undefined) {
    const passphrase = await passphraseOf(pki, passphraseFile)
    const signer = await openCaKey(pki, 'pai', passphrase).finally(() => passphrase.wipe())
    return { pai: await readCaCertificate(pki, 'pai'), signer }
  }
  if (key !== undefined && pki === undefined && pai !== undefined) {
    return {
      pai: await readDerInput(pai, 'certificates', 'CERTIFICATE'),
      signer: await openKey(key),
    }
  }
  throw nothingNamed()
}

function counterOf({ counter, pki, key }: SignerProcessOptions): string {
  if (counter !== undefined) return resolve(counter)
  if (pki !== undefined) return join(resolve(pki), 'signer.count')
  if (key === undefined) throw nothingNamed()
  throw new CliError(
    'CLI_USAGE',
    '--key needs --counter, a file that outlives a restart of the machine',
  )
}

function nothingNamed(): CliError {
  return new CliError('CLI_USAGE', 'name either --pki, or --key with --pai')
}
