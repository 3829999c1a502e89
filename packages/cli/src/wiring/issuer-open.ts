import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemRandom, type Clock, type Secret } from '@keyline/bytes'
import { IssuerError } from '@keyline/issuer'
import {
  authoritiesOf,
  caCertificates,
  checkedIssuer,
  createEstIssuer,
  createPoolIssuer,
  createProgramIssuer,
  createRestIssuer,
  recallDac,
  requireOrderOpen,
  watchSkew,
  type HttpTransport,
  type IssuerClient,
  type UpperChain,
} from '@keyline/issuer/client'
import type { WorkOrder } from '@keyline/ledger/records'
import { takeLock, type Flow } from '@keyline/station'
import { parseCertificate, type Certificate } from '@keyline/x509'
import { CliError } from '../errors.ts'
import type { IssuerAddress } from './issuer-address.ts'
import {
  connectAs,
  enrolledPaa,
  readCredentials,
  renewalSkipped,
  renewIfDue,
  type Credentials,
} from './issuer-credentials.ts'
import { revokeAt, type Revoke } from './issuer-revoke.ts'
import type { Recall } from './issuer-unanswered.ts'
import { readCertificates } from './pki-input.ts'

export interface OpenIssuerOptions {
  readonly address: IssuerAddress
  readonly order: Pick<WorkOrder, 'id' | 'policy'> & {
    readonly product: Pick<WorkOrder['product'], 'vendorId' | 'productId'>
  }
  /** Folder of `keyline enroll`. */
  readonly credentials?: string | undefined
  /** Opens the member's key. */
  readonly passphrase?: Secret | undefined
  /** Certificate of the trusted PAA; that of the credentials or of the pool unless given. */
  readonly paa?: string | undefined
  /** Certificate of the PAI; without one, the server is asked and must show one of the trusted PAA. */
  readonly pai?: string | undefined
  readonly clock: Clock
  /** Told what a person should know before a certificate runs out. */
  readonly onWarning: (text: string) => void
}

/** An issuer elsewhere, and the authorities that its certificates must have. */
export interface RemoteIssuer extends UpperChain {
  readonly issuer: IssuerClient
  /** Gives a certificate back that no device uses; absent where the issuer takes none. */
  readonly revoke?: Revoke | undefined
  /** What became of a request without an answer; absent where the issuer cannot be asked. */
  readonly recall?: Recall | undefined
  /** Throws what every request of the order would end with now; absent where the issuer cannot be asked. */
  readonly requireOpen?: (() => Promise<void>) | undefined
}

/**
 * Holds the issuer to the flow of the order: a pool has certificates of keys that were known before the line.
 * @throws CliError `CLI_USAGE`
 */
export function requireKeysOf(address: IssuerAddress, flow: Pick<Flow, 'keys'> | undefined): void {
  if (address.kind !== 'pool' || flow?.keys !== 'made-by-board') return
  throw new CliError(
    'CLI_USAGE',
    'the boards of this order make their keys themselves, so no certificate of a pool can be theirs',
    {
      remedy: 'name an issuer that signs: https://HOST:PORT, est+https://HOST:PORT or exec:PROGRAM',
    },
  )
}

/**
 * Opens the issuer of an order: its answers are judged before they are handed on.
 * @throws CliError, IssuerError
 */
export async function openIssuer(options: OpenIssuerOptions): Promise<RemoteIssuer> {
  const { address, order, clock } = options
  const { policy } = order
  switch (address.kind) {
    case 'rest':
    case 'est':
      return openServer(options, address)
    case 'pool': {
      const { folder } = address
      const authorities = await authoritiesIn(options, folder)
      const pool = createPoolIssuer({ folder, authorities, clock, random: systemRandom })
      return judged(pool, authorities, options)
    }
    case 'program': {
      const authorities = await authoritiesIn(options, options.credentials)
      const command = [address.program]
      return judged(
        createProgramIssuer({ command, authorities, policy, clock }),
        authorities,
        options,
      )
    }
    default:
      return address satisfies never
  }
}

async function openServer(
  options: OpenIssuerOptions,
  { kind, url }: { readonly kind: 'rest' | 'est'; readonly url: string },
): Promise<RemoteIssuer> {
  const { clock, onWarning } = options
  const credentials = await currentCredentials(options)
  const transport = watchSkew(connectAs(credentials, { clock, url }), {
    clock,
    onSkew: (ms) =>
      onWarning(`the clock of the issuer is ${aheadOrBehind(ms)} that of this station`),
  })
  try {
    const authorities = await authoritiesOfServer(options, transport)
    const http = { transport, clock, random: systemRandom }
    const client =
      kind === 'rest' ? createRestIssuer(http) : createEstIssuer({ ...http, authorities })
    return {
      ...judged(client, authorities, options),
      ...stationCalls({ transport, clock, stationId: credentials.name, order: options.order }),
    }
  } catch (error) {
    transport.close()
    throw error
  }
}

/** What a station asks of a server of ours beside certificates, over EST as well: the same members, the same port. */
function stationCalls({
  transport,
  clock,
  stationId,
  order,
}: Pick<OpenIssuerOptions, 'clock' | 'order'> & {
  readonly transport: HttpTransport
  readonly stationId: string
}): Pick<RemoteIssuer, 'revoke' | 'recall' | 'requireOpen'> {
  const api = { transport, clock }
  const { id: orderId, policy } = order
  const { vendorId, productId } = order.product
  return {
    revoke: revokeAt(transport, clock),
    recall: (idempotencyKey) => recallDac(api, { orderId, idempotencyKey }),
    requireOpen: () =>
      requireOrderOpen(api, { orderId, policy, vendorId, productId, stationId }).catch(
        (error: unknown) => {
          if (!isOfAnotherServer(error)) throw error
        },
      ),
  }
}

/** An answer without a code of ours: a server that speaks EST alone decides at each request. */
function isOfAnotherServer(error: unknown): boolean {
  if (!(error instanceof IssuerError)) return false
  const { status, code } = error.details
  return status !== undefined && code === undefined
}

function aheadOrBehind(ms: number): string {
  return `${Math.round(Math.abs(ms) / 1000)} s ${ms > 0 ? 'ahead of' : 'behind'}`
}

/** The member's credentials, renewed where their end is near. One process renews at a time. */
async function currentCredentials(options: OpenIssuerOptions): Promise<Credentials> {
  const { credentials: folder, passphrase, clock, onWarning } = options
  if (folder === undefined) {
    throw new CliError('CLI_USAGE', 'a server is named with --issuer, but no --credentials', {
      remedy: 'run `keyline enroll` once, and name its folder with --credentials',
    })
  }
  let obstacle: unknown
  const lock = await takeLock(folder, 'renewal').catch((error: unknown) => {
    obstacle = error
    return undefined
  })
  try {
    const credentials = await readCredentials(folder, passphrase)
    const renewal =
      lock === undefined
        ? renewalSkipped(credentials, clock, obstacle)
        : await renewIfDue(credentials, clock)
    if (renewal.state === 'due') onWarning(renewal.warning)
    return renewal.credentials
  } finally {
    await lock?.release()
  }
}

/** What stands between is believed because a trusted PAA has signed it, not because the server says so. */
async function authoritiesOfServer(
  options: OpenIssuerOptions,
  transport: HttpTransport,
): Promise<UpperChain> {
  const { order, clock, pai, paa, credentials = '' } = options
  const paas = await certificatesIn(paa ?? enrolledPaa(credentials))
  const shown =
    pai === undefined
      ? await caCertificates({ transport, clock, label: order.id })
      : await certificatesIn(pai)
  const { vendorId, productId } = order.product
  return authoritiesOf(shown, { paas, vendorId, productId })
}

async function authoritiesIn(
  options: OpenIssuerOptions,
  folder: string | undefined,
): Promise<UpperChain> {
  const place = async (given: string | undefined, file: string): Promise<string> => {
    const path = given ?? (folder === undefined ? undefined : join(folder, file))
    if (path !== undefined && (await stat(path).catch(() => undefined)) !== undefined) return path
    throw new CliError('CLI_USAGE', `no ${file} is there for the issuer`, {
      remedy: 'name the certificates of PAA and PAI with --paa and --pai',
    })
  }
  const paas = await certificatesIn(await place(options.paa, 'paa.cert.pem'))
  const pais = await certificatesIn(await place(options.pai, 'pai.cert.pem'))
  const { vendorId, productId } = options.order.product
  return authoritiesOf(pais, { paas, vendorId, productId })
}

async function certificatesIn(path: string): Promise<readonly Certificate[]> {
  return (await readCertificates(path)).map(({ octets }) => parseCertificate(octets))
}

function judged(
  client: IssuerClient,
  authorities: UpperChain,
  { order, clock }: OpenIssuerOptions,
): RemoteIssuer {
  const { vendorId, productId } = order.product
  const issuer = checkedIssuer(client, { ...authorities, vendorId, productId, clock })
  return { ...authorities, issuer }
}
