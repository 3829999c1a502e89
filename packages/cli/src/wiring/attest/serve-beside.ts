import { systemClock, systemRandom } from '@keyline/bytes'
import type { Ledger } from '@keyline/ledger'
import { attestationOf } from '@keyline/ledger/attestation'
import type { Policy } from '@keyline/ledger/records'
import { startVerifier, type ServerLog } from '@keyline/server'
import { version } from '../../version.ts'
import { stopTimes, tellAuthorities, type ListenAddress } from './serve.ts'
import { readServeSettings, readTls } from './serve-settings.ts'

export interface BesideOptions {
  readonly listen: ListenAddress
  readonly config?: string | undefined
  readonly tlsCertificate?: string | undefined
  readonly tlsKey?: string | undefined
}

/** A verifier in the process of an issuer. */
export interface VerifierBeside {
  readonly port: number
  readonly keyId: string
  readonly isSecure: boolean
  stop(): Promise<void>
}

/** Opens the verifier on a ledger that is open: what the line records there is trusted at once. */
export async function serveBeside(
  ledger: Ledger,
  log: ServerLog,
  { policy, listen: { host, port }, ...options }: BesideOptions & { readonly policy: Policy },
): Promise<VerifierBeside> {
  const settings = await readServeSettings({ ...options, policy })
  const tls = await readTls(options)
  const record = await attestationOf(ledger)
  try {
    await tellAuthorities(record, settings, (what, facts) => log.info(what, facts))
    const parts = { record, clock: systemClock, random: systemRandom, log, settings }
    const running = await startVerifier(parts, { host, port, tls, version })
    return {
      port: running.port,
      keyId: running.keyId,
      isSecure: tls !== undefined,
      stop: async () => {
        await running.stop(stopTimes)
        await record.close()
      },
    }
  } catch (error) {
    await record.close()
    throw error
  } finally {
    tls?.key.wipe()
  }
}
