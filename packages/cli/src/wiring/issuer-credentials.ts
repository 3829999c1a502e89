import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret, type Clock } from '@keyline/bytes'
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
  if ((await stat(join(folder, files.key)).catch(() => undefined)) === undefined) return
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
  const der = await readCertificate(join(folder, files.certificate))
  const certificate = parseCertificate(der)
  const keyPair = await readKeyPair(join(folder, files.key), passphrase)
  if (String(certificate.publicPoint) !== String(keyPair.publicKey.point)) {
    throw new CliError('CLI_INPUT', `key and certificate in ${folder} do not belong together`)
  }
  const name = commonNameOf(certificate)
  if (name === undefined) {
    throw new CliError('CLI_INPUT', `the certificate in ${folder} names no member`)
  }
  const url = serverUrl((await readTextInput(join(folder, files.server))).trim())
  const ca = parseCertificate(await readCertificate(join(folder, files.ca)))
  return { folder, name, url, ca, certificate, keyPair, passphrase }
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
  const { notBefore, notAfter } = credentials.certificate
  const left = notAfter.getTime() - clock.now()
  if (left > (notAfter.getTime() - notBefore.getTime()) / 3 || left <= 0) {
    return { state: 'fresh', credentials }
  }
  try {
    return { state: 'renewed', credentials: await renew(credentials, clock) }
  } catch (error) {
    const days = Math.floor(left / dayMs)
    const why = error instanceof Error ? error.message : String(error)
    const warning = `the certificate of ${credentials.name} ends in ${days} day(s), and it could not be renewed: ${why}`
    return { state: 'due', credentials, warning }
  }
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
  if ((await stat(path).catch(() => undefined)) !== undefined) {
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
  const renewed = join(folder, files.certificate + next)
  if ((await stat(renewed).catch(() => undefined)) === undefined) return
  await rename(join(folder, files.key + next), join(folder, files.key)).catch((error: unknown) => {
    const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isGone) throw new CliError('CLI_FILE', `${folder} cannot be written`, { cause: error })
  })
  await rename(renewed, join(folder, files.certificate))
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
