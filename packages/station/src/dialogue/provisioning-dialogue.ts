import { concat, type Clock, type Random } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import {
  boardResults,
  decodeIdent,
  decodeStored,
  encodeHello,
  pxpLimits,
  type Ident,
  type MessageType,
  type ProvisioningMode,
  type KeyStore,
} from '@keyline/matter/pxp'
import { StationError } from '../errors.ts'
import type { SerialPort } from '../port/serial-port.ts'
import { isLog, outOfTurn, type LinkEvent } from './link-event.ts'
import { PxpLink } from './pxp-link.ts'

/** What the dialogue asks of the flow around it. Each call may end the session with an error. */
export interface ExchangeHost {
  /** The board has told who it is. */
  identified(ident: Ident): Promise<void>
  /** Gets the certificate for the request of the board, checked. */
  certificateFor(csr: Uint8Array): Promise<{ readonly dac: Uint8Array; readonly pai: Uint8Array }>
  /** The last moment before the board stores anything. */
  beforeCommit(): Promise<void>
  /** The board says that it has stored the credentials. */
  stored(store: KeyStore): Promise<void>
  /** The board has signed the challenge; DONE is sent when this returns. */
  proven(proof: { readonly challenge: Uint8Array; readonly signature: Uint8Array }): Promise<void>
  /** The session failed before COMMIT and begins again, once. */
  restarted(): Promise<void>
}

export interface ProvisioningDialogueOptions {
  readonly port: SerialPort
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  readonly mode: ProvisioningMode
  readonly host: ExchangeHost
  readonly onLog?: ((text: string) => void) | undefined
}

/** Limits of provisioning-station section 6.3, milliseconds. */
const initEveryMs = 1000
const syncLimitMs = 30_000

/** The last part of a wait before COMMIT, in which a silent board is asked whether it has restarted. */
const reviveMs = 5000

/** How far the session is. A board may restart once, and only before COMMIT. */
interface Session {
  mayRestart: boolean
}

/**
 * The host's side of the serial dialogue: `Init` until the board answers, then PXP/1 to `finish:000`.
 * Closes the port in every case. Source: provisioning-station sections 6.3 and 7.
 * @throws StationError `STATION_SYNC_TIMEOUT`, `STATION_RESULT_TIMEOUT`, `STATION_PROTOCOL`,
 * `STATION_RESTARTED`, `STATION_BOARD_REPORTED`, `STATION_BOARD_REFUSED`, or what the host throws
 */
export async function runProvisioningDialogue(options: ProvisioningDialogueOptions): Promise<void> {
  const link = new PxpLink(options)
  const { clock, host } = options
  const session: Session = { mayRestart: true }
  try {
    await synchronise(link, clock, syncLimitMs)
    try {
      await exchange(link, options, session)
    } catch (error) {
      if (!session.mayRestart || !(await hasRestarted(link, clock, error))) throw error
      session.mayRestart = false
      await host.restarted()
      link.restart()
      await exchange(link, options, session)
    }
  } catch (error) {
    await abort(link, error)
    throw error
  } finally {
    await link.close()
  }
}

async function synchronise(link: PxpLink, clock: Clock, limitMs: number): Promise<void> {
  const end = clock.monotonicMs() + limitMs
  while (clock.monotonicMs() < end) {
    await link.text('Init\n')
    const round = Math.min(end, clock.monotonicMs() + initEveryMs)
    for (let wait = round - clock.monotonicMs(); wait > 0; wait = round - clock.monotonicMs()) {
      const event = await link.next(wait)
      if (event?.kind === 'closed') throw event.error
      // A `finish:` before the answer to Init is left over from an earlier run.
      if (event?.kind !== 'keyword' || event.keyword.kind !== 'start') continue
      if (event.keyword.isPxp) return
      throw new StationError('STATION_PROTOCOL', 'the firmware on the board does not speak PXP/1', {
        remedy: 'use a provisioning firmware of profile X1',
      })
    }
  }
  throw new StationError(
    'STATION_SYNC_TIMEOUT',
    `the board did not answer Init within ${limitMs / 1000} s (0x0004)`,
  )
}

/** A board that restarts says so itself, or falls silent and then answers `Init` again. */
async function hasRestarted(link: PxpLink, clock: Clock, error: unknown): Promise<boolean> {
  if (!(error instanceof StationError)) return false
  if (error.code === 'STATION_RESTARTED') return true
  const { silentMs } = error.details
  if (typeof silentMs !== 'number') return false
  link.ignoreStarts(false)
  try {
    await synchronise(link, clock, pxpLimits.messageTimeoutMs - silentMs)
    return true
  } catch (cause) {
    if (cause instanceof StationError && cause.code === 'STATION_SYNC_TIMEOUT') return false
    throw cause
  }
}

async function exchange(
  link: PxpLink,
  options: ProvisioningDialogueOptions,
  session: Session,
): Promise<void> {
  const { host } = options
  const { messageTimeoutMs } = pxpLimits
  const patienceMs = session.mayRestart ? messageTimeoutMs - reviveMs : messageTimeoutMs
  link.ignoreStarts(true)
  await link.send('HELLO', encodeHello({ mode: options.mode }))
  const ident = decodeIdent(await expect(link, 'IDENT', patienceMs))
  link.ignoreStarts(false)
  await host.identified(ident)
  const csr = await expect(link, 'CSR', patienceMs)
  const { dac, pai } = await host.certificateFor(csr)
  await link.send('DAC', dac)
  await link.send('PAI', pai)
  await host.beforeCommit()
  session.mayRestart = false
  await link.send('COMMIT', sha256(concat(dac, pai)))
  await host.stored(decodeStored(await expect(link, 'STORED')).store)
  const challenge = options.random.bytes(pxpLimits.challengeLength)
  await link.send('CHAL', challenge)
  await host.proven({ challenge, signature: await expect(link, 'PROOF') })
  await link.send('DONE')
  await finish(link)
}

/** The next message, which must be of the type that the order of the session demands. */
async function expect(
  link: PxpLink,
  type: MessageType,
  timeoutMs: number = pxpLimits.messageTimeoutMs,
): Promise<Uint8Array> {
  const event = await nextOf(link, type, timeoutMs)
  if (event.kind === 'message' && event.message.type === type) return event.message.payload
  throw outOfTurn(event, `in place of ${type}`)
}

/** Waits for the result of the board; only 000 is success. */
async function finish(link: PxpLink): Promise<void> {
  const event = await nextOf(link, 'finish', pxpLimits.messageTimeoutMs)
  const { ok } = boardResults
  const isFinish = event.kind === 'keyword' && event.keyword.kind === 'finish'
  if (isFinish && event.keyword.code === ok.code) return
  throw outOfTurn(event, 'in place of its result')
}

/** The next event but log text; each one restarts the wait. */
async function nextOf(link: PxpLink, what: string, timeoutMs: number): Promise<LinkEvent> {
  for (;;) {
    const event = await link.next(timeoutMs)
    if (event === undefined) {
      throw new StationError(
        'STATION_RESULT_TIMEOUT',
        `the board was silent, ${what} was expected (0xFFFE)`,
        { details: { silentMs: timeoutMs } },
      )
    }
    if (!isLog(event)) return event
  }
}

/** Tells the board that the session is over, without waiting for its answer. */
async function abort(link: PxpLink, error: unknown): Promise<void> {
  if (error instanceof StationError && error.code === 'STATION_PORT') return
  await link.abort().catch(() => undefined)
}
