import { isKeylineError, systemClock, toHex } from '@keyline/bytes'
import { createListJobs, guardedSigner, openListAuthority, type ListAlarm } from '@keyline/issuer'
import type { Ledger } from '@keyline/ledger'
import type { ServerLog } from '@keyline/server'
import { keyIdentifier, parseCertificate } from '@keyline/x509'
import type { LinePki } from './pki.ts'

export interface KeepListsInput {
  readonly ledger: Ledger
  readonly pki: LinePki
  readonly log: ServerLog
}

/** A list that is new enough costs two look-ups; one that is due is made within this time. */
const watchPeriodMs = 60_000

/** How old the checkpoint of a server gets that has nothing to do while others write. */
const observePeriodMs = 1000

const signTimeoutMs = 10_000

/**
 * Keeps what must stay new beside the requests: the revocation list of the PAI, an eye on that of the PAA, whose key is elsewhere,
 * and the checkpoint of the ledger.
 */
export async function keepLists(input: KeepListsInput): Promise<{ stop(): Promise<void> }> {
  const { ledger, pki, log } = input
  const clock = systemClock
  const signer = guardedSigner({ signer: pki.signer, clock, timeoutMs: signTimeoutMs })
  const handlers = createListJobs({
    authorities: [openListAuthority({ issuer: pki.pai, signer })],
    watched: [toHex(keyIdentifier(parseCertificate(pki.paa).spki.key.octets))],
    store: ledger.as('server').revocation,
    clock,
    onAlarm: (alarm) => tell(log, alarm),
    onBuilt: ({ issuerKeyId, number, count }) =>
      log.info('revocation list signed', { issuer: issuerKeyId, number, count }),
  })
  const running = await ledger.jobs.run({
    handlers,
    every: { 'crl.watch': watchPeriodMs },
    onFailure: ({ name, attempt, error }) => log.error('job failed', error, { job: name, attempt }),
  })
  const stopped = new AbortController()
  const observing = observe(ledger, log, stopped.signal)
  return {
    stop: async () => {
      stopped.abort()
      await running.stop()
      await observing
    },
  }
}

function tell(log: ServerLog, { issuerKeyId, state, error }: ListAlarm): void {
  log.error('revocation list needs a person', error ?? new Error(`it is ${state}`), {
    issuer: issuerKeyId,
    state,
  })
}

async function observe(ledger: Ledger, log: ServerLog, signal: AbortSignal): Promise<void> {
  let isTold = false
  while (!signal.aborted) {
    try {
      await ledger.checkpoints.observe()
      isTold = false
    } catch (error) {
      if (!isKeylineError(error)) throw error
      if (!isTold) log.error('the ledger cannot be observed', error)
      isTold = true
    }
    await systemClock.sleep(observePeriodMs, signal).catch(() => undefined)
  }
}
