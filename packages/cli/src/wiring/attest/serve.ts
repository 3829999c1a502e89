import { equalOctets, systemClock, systemRandom } from '@keyline/bytes'
import type { AttestationRecord } from '@keyline/ledger/attestation'
import { simulatedAuthority } from '@keyline/psa'
import { createLog, startVerifier, type VerifierSettings } from '@keyline/server'
import { version } from '../../version.ts'
import { openRecord, type RecordOptions } from './record.ts'
import {
  readServeSettings,
  readTls,
  type ServeSettingsOptions,
  type TlsOptions,
} from './serve-settings.ts'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

export interface VerifierServeOptions extends RecordOptions, ServeSettingsOptions, TlsOptions {
  readonly listen: ListenAddress
}

/** A verifier that listens, and what a person needs to know of it. */
export interface ServedVerifier {
  readonly port: number
  readonly isSecure: boolean
  readonly settings: VerifierSettings
  /** Thumbprint of the key of its results (RFC 7638). */
  readonly keyId: string
  stop(): Promise<void>
}

/** How long load balancers have to notice that a service ends, and then requests that are at work. */
export const stopTimes = { drainMs: 0, graceMs: 10_000 } as const

/**
 * Opens the record, tests itself and listens: the whole service in this process.
 * @throws CliError, LedgerError, ServerError, each with its remedy
 */
export async function serveVerifier(options: VerifierServeOptions): Promise<ServedVerifier> {
  const settings = await readServeSettings(options)
  const tls = await readTls(options)
  const { record, close } = await openRecord({ ...options, policy: settings.policy }, 'verifier')
  const log = createLog()
  try {
    await tellAuthorities(record, settings, (what, facts) => log.info(what, facts))
    const { host, port } = options.listen
    const parts = { record, clock: systemClock, random: systemRandom, log, settings }
    const running = await startVerifier(parts, { host, port, tls, version })
    return {
      port: running.port,
      isSecure: tls !== undefined,
      settings,
      keyId: running.keyId,
      stop: async () => {
        await running.stop(stopTimes)
        await close()
        log.flush()
      },
    }
  } catch (error) {
    await close()
    throw error
  } finally {
    tls?.key.wipe()
  }
}

/** Authorities of simulated chips beside real ones must not go unnoticed (attestation D20). */
export async function tellAuthorities(
  record: AttestationRecord,
  { tenants }: VerifierSettings,
  tell: (what: string, facts: Readonly<Record<string, string | number>>) => void,
): Promise<void> {
  const simulated = (['FU', 'LU'] as const).map((name) => simulatedAuthority(name).certificate)
  for (const tenant of ['0', ...tenants.names]) {
    const { anchors } = await record.tenant(tenant).trust.certificateTrust()
    const isSimulated = anchors.map(({ certificate }) =>
      simulated.some((one) => equalOctets(one, certificate.der)),
    )
    const facts = { tenant, simulated: isSimulated.filter(Boolean).length, all: anchors.length }
    if (facts.simulated > 0) tell('authorities of simulated chips are trusted', facts)
  }
}
