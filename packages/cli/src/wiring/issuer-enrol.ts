import { encodeUtf8, equalOctets, Secret, systemClock } from '@keyline/bytes'
import { generateP256 } from '@keyline/crypto'
import { caCertificates, createHttpsTransport, enrolMember } from '@keyline/issuer/client'
import { parseCertificate, type Certificate } from '@keyline/x509'
import { CliError } from '../errors.ts'
import {
  connectAs,
  pemOf,
  requireNoCredentials,
  writeCredentials,
  type Credentials,
} from './issuer-credentials.ts'
import { readCertificate, readTextInput } from './pki-input.ts'

export interface EnrolOptions {
  /** `https://host:port`. */
  readonly url: string
  /** File with the CA certificate of the service, which came another way than over this network. */
  readonly ca: string
  readonly name: string
  readonly tokenFile: string
  readonly folder: string
  readonly passphrase: Secret | undefined
}

export interface Enrolled {
  readonly name: string
  readonly notAfter: Readonly<Date>
  readonly files: readonly string[]
  /** True when the server showed one PAA, which orders of this station are then checked against. */
  readonly hasPaa: boolean
}

/** Makes a key, turns the token into a certificate for it, and writes the folder. @throws CliError, IssuerError */
export async function enrol(options: EnrolOptions): Promise<Enrolled> {
  const { url, name, folder, passphrase } = options
  await requireNoCredentials(folder)
  const ca = parseCertificate(await readCertificate(options.ca))
  const keyPair = generateP256()
  const transport = createHttpsTransport({ url, ca: pemOf(ca) })
  let certificate: Certificate
  try {
    using token = await readToken(options.tokenFile)
    const clock = systemClock
    certificate = await enrolMember({ transport, clock, ca, name, keyPair, token })
  } finally {
    transport.close()
  }
  const credentials: Credentials = { folder, name, url, ca, certificate, keyPair, passphrase }
  const paa = await shownPaa(credentials)
  const files = await writeCredentials(credentials, paa)
  return { name, notAfter: certificate.notAfter, files, hasPaa: paa !== undefined }
}

/** The PAA of the server, believed because the pinned CA vouches for who shows it. */
async function shownPaa(credentials: Credentials): Promise<Certificate | undefined> {
  const transport = connectAs(credentials)
  try {
    const shown = await caCertificates({ transport, clock: systemClock })
    const roots = shown.filter((one) => equalOctets(one.subject, one.issuer))
    return roots.length === 1 ? roots[0] : undefined
  } catch {
    // The certificate of the member is what must not be lost; a PAA can be named with --paa.
    return undefined
  } finally {
    transport.close()
  }
}

async function readToken(path: string): Promise<Secret> {
  const text = (await readTextInput(path)).trim()
  if (/^[\w-]{16,128}$/.test(text)) return new Secret(encodeUtf8(text))
  throw new CliError('CLI_INPUT', `${path} does not hold a one-time token`)
}
