import type { TrustStore } from '@keyline/verifier'
import { CliError } from '../../errors.ts'
import { textOctets } from './challenge.ts'
import { readWritten, type WrittenMessage } from './evidence-input.ts'
import type { ServiceOptions } from './service.ts'
import { readResultKey, verifyResult } from './result.ts'
import { loadTrust } from './trust.ts'
import { readPolicy, verifyToken, type VerifyReport } from './verify.ts'

export interface VerifyFileOptions extends Partial<ServiceOptions> {
  /** Database of a verifier, in place of files. */
  readonly database?: string | undefined
  readonly home?: string | undefined
  readonly tenant?: string | undefined
  readonly nonce?: string | undefined
  readonly anyNonce?: boolean | undefined
  readonly trust?: readonly string[] | undefined
  readonly certificate?: string | undefined
  readonly acceptCertified?: boolean | undefined
  readonly signer?: readonly string[] | undefined
  readonly lenientPsaDraft?: boolean | undefined
  readonly policy?: string | undefined
  readonly requireSigner?: boolean | undefined
  readonly requireAll?: boolean | undefined
  readonly refuseDebug?: boolean | undefined
  /** A device with reservations is refused. */
  readonly requireAffirming?: boolean | undefined
  readonly key?: string | undefined
  readonly time?: Date | undefined
  readonly explain?: boolean | undefined
}

type Report = Pick<VerifyReport, 'text' | 'document' | 'code'>

/** Verifies the token or the result that a file holds. */
export async function verifyFile(path: string, options: VerifyFileOptions): Promise<Report> {
  const message = await readWritten(path)
  if (message.form === 'JWT') return verifyJwt(message.text, options)
  if (options.url !== undefined) return verifyRemotely(message, { ...options, url: options.url })
  return verifyEvidenceFile(message, options)
}

/** Hands the token to a service as the relying party that chose the challenge. */
async function verifyRemotely(
  message: Exclude<WrittenMessage, { readonly form: 'JWT' }>,
  options: VerifyFileOptions & ServiceOptions,
): Promise<Report> {
  if (message.form === 'JSON') throw unsigned(message.place)
  if (options.nonce === undefined) {
    throw new CliError('CLI_USAGE', 'a service is asked about a challenge, and none is named', {
      remedy:
        'pass with --nonce what the device was asked; `attest token --url` asks the service for one',
    })
  }
  const { verifyAt } = await import('./remote.ts')
  return verifyAt(message.octets, textOctets(options.nonce, '--nonce'), options)
}

async function verifyJwt(jwt: string, options: VerifyFileOptions): Promise<Report> {
  if (options.key === undefined) {
    throw new CliError(
      'CLI_USAGE',
      'a result is verified under the key of its verifier, and none is named',
      {
        remedy: 'name it with --key: JWK or PEM, as the verifier publishes it',
      },
    )
  }
  const nonce = options.nonce === undefined ? undefined : textOctets(options.nonce, '--nonce')
  const key = await readResultKey(options.key, jwt)
  return verifyResult(jwt, key, { time: seconds(options), nonce })
}

async function verifyEvidenceFile(
  message: Exclude<WrittenMessage, { readonly form: 'JWT' }>,
  options: VerifyFileOptions,
): Promise<Report> {
  if (message.form === 'JSON') throw unsigned(message.place)
  if ((options.nonce === undefined) !== (options.anyNonce === true)) {
    throw new CliError('CLI_USAGE', 'the challenge is not named once', {
      remedy:
        'pass it with --nonce; --any-nonce takes a kept token, whose freshness is not checked',
    })
  }
  const nonce = options.nonce === undefined ? undefined : textOctets(options.nonce, '--nonce')
  const policy = options.policy === undefined ? undefined : await readPolicy(options.policy)
  const settings = {
    ...(options.requireSigner === true && { signerId: 'require' as const }),
    ...(options.requireAll === true && { requireAllReferences: true }),
    ...(options.refuseDebug === true && { acceptDebug: false }),
  }
  const request = { nonce, time: seconds(options), policy, settings }
  const { explain = false, requireAffirming = false } = options
  return withTrust(options, (store) =>
    verifyToken(message.octets, { ...request, store }, { explain, requireAffirming }),
  )
}

/** Lets the work have what is trusted: the files, or the database of a verifier. */
async function withTrust<T>(
  options: VerifyFileOptions,
  work: (store: TrustStore) => Promise<T>,
): Promise<T> {
  const { trust = [], database, home = '', tenant = '0' } = options
  if ((trust.length === 0) === (database === undefined)) {
    throw new CliError('CLI_USAGE', 'what is trusted is not named once, so that no key is known', {
      remedy:
        'name CoRIMs, authorities or the public key of the device with --trust, or a database with --database',
    })
  }
  if (database !== undefined) {
    const { withRecord } = await import('./record.ts')
    return withRecord({ home, database, mustExist: true }, 'keyline attest verify', (record) =>
      work(record.tenant(tenant).trust),
    )
  }
  const { store } = await loadTrust({
    trust,
    signer: options.signer,
    certificate: options.certificate,
    acceptCertified: options.acceptCertified,
    isLenient: options.lenientPsaDraft,
    time: seconds(options),
  })
  return work(store)
}

function unsigned(place: string): CliError {
  return new CliError('CLI_INPUT', `${place} is JSON, which nobody has signed`, {
    remedy: 'pass the token, or the result as JWT',
  })
}

function seconds({ time }: VerifyFileOptions): number {
  return Math.trunc((time?.getTime() ?? Date.now()) / 1000)
}
