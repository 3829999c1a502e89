import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError, Secret, type Clock } from '@keyline/bytes'
import { generateP256, p256ToPkcs8, type P256KeyPair } from '@keyline/crypto'
import {
  commonNameOf,
  createHttpsTransport,
  renewMember,
  type HttpTransport,
} from '@keyline/issuer/client'
import { encryptPkcs8, parseCertificate, pemEncode, type Certificate } from '@keyline/x509'
import { CliError } from '../errors.ts'
import { readCertificate, readTextInput } from './pki-input.ts'
import { writeWhole } from './pki-output.ts'
import { readKeyPair } from './pki-trust.ts'
import { serverUrl } from './issuer-address.ts'

/** Files of a credentials folder. */
const files = {
  certificate: 'member.cert.pem',
  key: 'member.key.pem',
  ca: 'ca.cert.pem',
  server: 'server.url',
  paa: 'paa.cert.pem',
} as const

const next = '.next'

/** What a member shows of itself, and whom it believes. */
export interface Credentials {
  readonly folder: string
  readonly name: string
  /** `https://host:port` of the server that has enrolled the member. */
  readonly url: string
  readonly ca: Certificate
  readonly certificate: Certificate
  readonly keyPair: P256KeyPair
  /** Closes the key file; without one the key lies open in a 0600 file. */
  readonly passphrase: Secret | undefined
}

/** Path of the PAA that the server showed at the enrolment. */
export function enrolledPaa(folder: string): string {
  return join(folder, files.paa)
}

/** @throws CliError `CLI_EXISTS` when the folder holds a member already */
export async function requireNoCredentials(folder: string): Promise<void> {
  if (!(await isThere(join(folder, files.key)))) return
  throw new CliError('CLI_EXISTS', `${folder} holds the credentials of a member already`)
}

/**
 * Writes the folder of a new member. The key comes last: without it a folder counts as empty.
 * @throws CliError `CLI_EXISTS`, `CLI_FILE`
 */
export async function writeCredentials(
  credentials: Credentials,
  paa: Certificate | undefined,
): Promise<readonly string[]> {
  const { folder, ca, certificate, url } = credentials
  const written = [
    { path: join(folder, files.ca), content: pemOf(ca) },
    { path: join(folder, files.server), content: `${url}\n` },
    { path: join(folder, files.certificate), content: pemOf(certificate) },
    ...(paa === undefined ? [] : [{ path: enrolledPaa(folder), content: pemOf(paa) }]),
    { path: join(folder, files.key), content: await keyPem(credentials), isSecret: true },
  ]
  for (const file of written) await writeWhole(file)
  return written.map(({ path }) => path)
}

/** Reads the folder of a member. @throws CliError `CLI_FILE`, `CLI_INPUT`, `CLI_PASSPHRASE` */
export async function readCredentials(
  folder: string,
  passphrase: Secret | undefined,
): Promise<Credentials> {
  await finishRenewal(folder)
  const keyPair = await readKeyPair(join(folder, files.key), passphrase)
  const certificate = await certificateFor(keyPair, folder)
  const name = commonNameOf(certificate)
  if (name === undefined) {
    throw new CliError('CLI_INPUT', `the certificate in ${folder} names no member`)
  }
  const url = serverUrl((await readTextInput(join(folder, files.server))).trim())
  const ca = parseCertificate(await readCertificate(join(folder, files.ca)))
  return { folder, name, url, ca, certificate, keyPair, passphrase }
}

/** Behind a crash in a folder that cannot be written, the certificate of the key may still have its next name. */
async function certificateFor(keyPair: P256KeyPair, folder: string): Promise<Certificate> {
  for (const name of [files.certificate, files.certificate + next]) {
    const path = join(folder, name)
    if (name !== files.certificate && !(await isThere(path))) continue
    const certificate = parseCertificate(await readCertificate(path))
    if (String(certificate.publicPoint) === String(keyPair.publicKey.point)) return certificate
  }
  throw new CliError('CLI_INPUT', `key and certificate in ${folder} do not belong together`)
}

export interface ConnectOptions {
  readonly clock?: Clock | undefined
  /** Another address of the same service than that of the enrolment. */
  readonly url?: string | undefined
}

/** The way to the server as this member. @throws CliError `CLI_INPUT` when its certificate has expired */
export function connectAs(credentials: Credentials, options: ConnectOptions = {}): HttpTransport {
  const { certificate, keyPair, ca, url } = credentials
  using key = p256ToPkcs8(keyPair)
  const pem = new Secret(new TextEncoder().encode(pemEncode('PRIVATE KEY', key.reveal())))
  return createHttpsTransport({
    url: options.url ?? url,
    ca: pemOf(ca),
    credentials: { certificate: pemOf(certificate), key: pem },
    clock: options.clock,
  })
}

export type Renewal =
  | { readonly state: 'fresh' | 'renewed'; readonly credentials: Credentials }
  | { readonly state: 'due'; readonly credentials: Credentials; readonly warning: string }

const dayMs = 86_400_000

/**
 * Renews the certificate of a member when less than a third of its life is left. A renewal that fails is a warning as
 * long as the present certificate lives.
 * The new key is on the disk before it is asked for: a renewal whose answer was lost is asked for again with the same key.
 */
export async function renewIfDue(credentials: Credentials, clock: Clock): Promise<Renewal> {
  if (!isDue(credentials, clock)) return { state: 'fresh', credentials }
  try {
    return { state: 'renewed', credentials: await renew(credentials, clock) }
  } catch (error) {
    return due(credentials, clock, error)
  }
}

/** What to say when renewing could not even be tried, such as in a folder that is locked or cannot be written. */
export function renewalSkipped(credentials: Credentials, clock: Clock, cause: unknown): Renewal {
  return isDue(credentials, clock)
    ? due(credentials, clock, cause)
    : { state: 'fresh', credentials }
}

function isDue({ certificate: { notBefore, notAfter } }: Credentials, clock: Clock): boolean {
  const left = notAfter.getTime() - clock.now()
  return left > 0 && left <= (notAfter.getTime() - notBefore.getTime()) / 3
}

function due(credentials: Credentials, clock: Clock, cause: unknown): Renewal {
  const { name, certificate } = credentials
  const days = Math.floor((certificate.notAfter.getTime() - clock.now()) / dayMs)
  const warning = `the certificate of ${name} ends in ${days} day(s), and it could not be renewed: ${describeError(cause)}`
  return { state: 'due', credentials, warning }
}

async function renew(credentials: Credentials, clock: Clock): Promise<Credentials> {
  const { folder, passphrase, ca, name } = credentials
  const keyPair = await nextKey(credentials)
  const transport = connectAs(credentials, { clock })
  try {
    const certificate = await renewMember({ transport, clock, ca, name, keyPair })
    const path = join(folder, files.certificate + next)
    await writeWhole({ path, content: pemOf(certificate) })
    await finishRenewal(folder)
    return await readCredentials(folder, passphrase)
  } finally {
    transport.close()
  }
}

async function nextKey(credentials: Credentials): Promise<P256KeyPair> {
  const path = join(credentials.folder, files.key + next)
  if (await isThere(path)) {
    return readKeyPair(path, credentials.passphrase)
  }
  const keyPair = generateP256()
  await writeWhole({ path, content: await keyPem({ ...credentials, keyPair }), isSecret: true })
  return keyPair
}

/**
 * Puts a renewed pair in its place. The certificate under its next name says that the pair is complete, and it moves
 * last: a crash between the two moves is finished by whoever reads the folder next.
 */
async function finishRenewal(folder: string): Promise<void> {
  if (!(await isThere(join(folder, files.certificate + next)))) return
  for (const file of [files.key, files.certificate]) {
    const path = join(folder, file)
    try {
      await rename(path + next, path)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (unwritable.has(code)) return
      if (code !== 'ENOENT') {
        throw new CliError('CLI_FILE', `${folder} cannot be written`, { cause: error })
      }
    }
  }
}

/** Where nothing can be moved, the pair that is there serves as long as it lives. */
const unwritable: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM'])

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

async function keyPem({
  keyPair,
  passphrase,
}: Pick<Credentials, 'keyPair' | 'passphrase'>): Promise<string> {
  if (passphrase !== undefined) return encryptPkcs8(keyPair, passphrase)
  using key = p256ToPkcs8(keyPair)
  return pemEncode('PRIVATE KEY', key.reveal())
}

export function pemOf({ der }: Certificate): string {
  return pemEncode('CERTIFICATE', der)
}
