import { systemClock, systemRandom } from '@keyline/bytes'
import type { LedgerLocation } from '@keyline/ledger'
import {
  openAttestationRecord,
  type AttestationRecord,
  type AttestationSettings,
} from '@keyline/ledger/attestation'
import {
  startVerifier,
  verifierSettings,
  type RunningVerifier,
  type VerifierRecord,
  type VerifierSettingsInput,
} from '@keyline/server'
import { storeKey } from '../../ledger/support/sample.ts'
import { callPort, KeptLog, type Call, type Reply } from '../../support/verifier-service.ts'

export interface NodeOptions {
  readonly memory?: AttestationSettings | undefined
  readonly settings?: VerifierSettingsInput | undefined
  /** The record as the service sees it. */
  readonly around?: ((record: VerifierRecord) => VerifierRecord) | undefined
}

/** A verifier over a database, with the true time and a record of its own. */
export class VerifierNode implements AsyncDisposable {
  readonly record: AttestationRecord
  readonly verifier: RunningVerifier
  readonly log: KeptLog

  private constructor(record: AttestationRecord, verifier: RunningVerifier, log: KeptLog) {
    this.record = record
    this.verifier = verifier
    this.log = log
  }

  static async start(database: LedgerLocation, options: NodeOptions = {}): Promise<VerifierNode> {
    const { memory, settings, around = (record) => record } = options
    const common = { clock: systemClock, random: systemRandom }
    const record = await openAttestationRecord({
      ...common,
      database,
      storeKey: storeKey(),
      actor: 'verifier',
      pollMs: 50,
      staleAfterMs: 500,
      ...memory,
    })
    const log = new KeptLog()
    const verifier = await startVerifier(
      {
        ...common,
        record: around(record),
        log,
        settings: verifierSettings.parse({
          policy: 'test',
          access: { management: 'none' },
          ...settings,
        }),
      },
      { host: '127.0.0.1', port: 0 },
    )
    return new VerifierNode(record, verifier, log)
  }

  readonly call = (call: Call): Promise<Reply> => callPort(this.verifier.port, call)

  /** Status of its readiness. */
  async ready(): Promise<number> {
    return (await this.call({ path: '/readyz' })).status
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.verifier.stop({ graceMs: 1_000 })
    await this.record.close()
  }
}
