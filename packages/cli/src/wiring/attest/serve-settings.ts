import { decodeUtf8, Secret } from '@keyline/bytes'
import type { Policy } from '@keyline/ledger/records'
import { verifierSettings, type VerifierSettings, type VerifierTls } from '@keyline/server'
import { CliError } from '../../errors.ts'
import { readInput, readJsonInput } from '../pki-input.ts'
import { jsonMembers } from './json-members.ts'

/** What a person may say of a service beside its configuration file. */
export interface ServeSettingsOptions {
  /** Configuration file, JSON. */
  readonly config?: string | undefined
  /** In place of that of the file. */
  readonly policy?: Policy | undefined
  /** Asks nobody for credentials: policy `test` alone. */
  readonly open?: boolean | undefined
}

/** The settings of a service, every member with its default. @throws CliError `CLI_FILE`, `CLI_INPUT`, `CLI_USAGE` */
export async function readServeSettings(options: ServeSettingsOptions): Promise<VerifierSettings> {
  const { config, policy, open } = options
  const file = config === undefined ? {} : await readJsonInput(config)
  const members = Object.fromEntries(jsonMembers(file))
  const parsed = verifierSettings.safeParse({
    ...members,
    ...(policy !== undefined && { policy }),
    ...(open === true && {
      access: { ...Object.fromEntries(jsonMembers(members['access'])), management: 'none' },
    }),
  })
  if (!parsed.success) {
    const found = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw new CliError('CLI_INPUT', `${config ?? 'the settings'}: ${found.join('; ')}`, {
      remedy: 'correct the members that the message names; docs/attestation.md lists all of them',
    })
  }
  const { access, policy: effective } = parsed.data
  if (access.management === 'none' && effective !== 'test') {
    throw new CliError('CLI_USAGE', 'under policy "production" provisioning asks for credentials', {
      remedy: 'leave --open out and make a credential with `keyline attest credential add`',
    })
  }
  return parsed.data
}

export interface TlsOptions {
  readonly tlsCertificate?: string | undefined
  readonly tlsKey?: string | undefined
  readonly clientCa?: string | undefined
  /** For public clients that know no newer one. */
  readonly tls12?: boolean | undefined
}

/** What the service shows; nothing for plain HTTP. @throws CliError `CLI_USAGE`, `CLI_FILE`, `CLI_INPUT` */
export async function readTls(options: TlsOptions): Promise<VerifierTls | undefined> {
  const { tlsCertificate, tlsKey, clientCa, tls12 } = options
  if (tlsCertificate === undefined && tlsKey === undefined) {
    if (clientCa === undefined) return undefined
    throw new CliError('CLI_USAGE', '--client-ca needs a service with TLS', {
      remedy: 'name certificate and key with --tls-certificate and --tls-key',
    })
  }
  if (tlsCertificate === undefined || tlsKey === undefined) {
    throw new CliError('CLI_USAGE', '--tls-certificate and --tls-key go together')
  }
  return {
    certificate: await pem(tlsCertificate),
    key: new Secret(await readInput(tlsKey, 'key')),
    ...(clientCa !== undefined && { clientCa: await pem(clientCa) }),
    ...(tls12 === true && { minVersion: 'TLSv1.2' }),
  }
}

async function pem(path: string): Promise<string> {
  return decodeUtf8(await readInput(path, 'certificates'))
}
