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
import { resultError } from './result-error.ts'

/** What the dialogue asks of the flow around it. Each call may end the session with an error. */
export interface ExchangeHost {
  /** The board has told who it is. */
  identified(ident: Ident): Promise<void>
  /** The firmware makes no exchange: what it stores, it brings with it. Told before its result is awaited. */
  reportsOnly(profile: 'L0' | 'L1'): Promise<void>
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

/**
 * Generation of the firmware on the board: `X1` exchanges, `L1` answers `Init` and reports, `L0` only reports.
 * Source: provisioning-station section 1.
 */
export type FirmwareProfile = 'X1' | 'L1' | 'L0'

export interface ProvisioningDialogueOptions {
  readonly port: SerialPort
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  readonly mode: ProvisioningMode
  readonly host: ExchangeHost
  /** Takes a board for L0 that reports its result three times and never answers `Init`. */
  readonly allowsL0?: boolean | undefined
  /** Those of section 6.3 unless given. */
  readonly limitsMs?: Partial<DialogueLimits> | undefined
  readonly onLog?: ((text: string) => void) | undefined
}

/** How long a board may be silent, milliseconds. */
export interface DialogueLimits {
  /** Until it answers `Init`. */
  readonly sync: number
  /** Until firmware that makes no exchange reports. */
  readonly result: number
}

/** Limits of provisioning-station section 6.3, milliseconds. */
const initEveryMs = 1000
const dialogueLimitsMs: DialogueLimits = { sync: 30_000, result: 30_000 }

/** Results without an answer to `Init` that tell L0 from a result which is left over. Source: section 6.3. */
const reportsOfL0 = 3

/** The last part of a wait before COMMIT, in which a silent board is asked whether it has restarted. */
const reviveMs = 5000

/** What the board answered to `Init`; L0 gives its result in place of an answer. */
type Answer = { readonly profile: 'X1' | 'L1' } | { readonly profile: 'L0'; readonly code: number }

/** How far the session is. A board may restart once, and only before COMMIT. */
interface Session {
  mayRestart: boolean
}

/**
 * The host's side of the serial dialogue: `Init` until the board answers, then PXP/1 to `finish:000`, or the result of
 * firmware that only reports. Closes the port in every case. Source: provisioning-station sections 6.2, 6.3 and 7.
 * @returns the generation of the firmware, after its success
 * @throws StationError `STATION_SYNC_TIMEOUT`, `STATION_RESULT_TIMEOUT`, `STATION_PROTOCOL`,
 * `STATION_RESTARTED`, `STATION_BOARD_REPORTED`, `STATION_BOARD_REFUSED`, or what the host throws
 */
export async function runProvisioningDialogue(
  options: ProvisioningDialogueOptions,
): Promise<FirmwareProfile> {
  const link = new PxpLink(options)
  const { clock, host, allowsL0 = false } = options
  const limits = { ...dialogueLimitsMs, ...options.limitsMs }
  try {
    const answer = await synchronise(link, clock, { limitMs: limits.sync, allowsL0 })
    if (answer.profile === 'X1') await exchangeOnce(link, options)
    else {
      await host.reportsOnly(answer.profile)
      requireSuccess(
        answer.profile === 'L0' ? answer.code : await reported(link, clock, limits.result),
      )
    }
    return answer.profile
  } catch (error) {
    await abort(link, error)
    throw error
  } finally {
    await link.close()
  }
}

/** The session, and a second one when the board restarts before COMMIT. */
async function exchangeOnce(link: PxpLink, options: ProvisioningDialogueOptions): Promise<void> {
  const { clock, host } = options
  const session: Session = { mayRestart: true }
  try {
    await exchange(link, options, session)
  } catch (error) {
    if (!session.mayRestart || !(await hasRestarted(link, clock, error))) throw error
    session.mayRestart = false
    await host.restarted()
    link.restart()
    await exchange(link, options, session)
  }
}

interface Synchronising {
  readonly limitMs: number
  readonly allowsL0: boolean
}

async function synchronise(
  link: PxpLink,
  clock: Clock,
  { limitMs, allowsL0 }: Synchronising,
): Promise<Answer> {
  const end = clock.monotonicMs() + limitMs
  let reports = 0
  while (clock.monotonicMs() < end) {
    await link.text('Init\n')
    const round = Math.min(end, clock.monotonicMs() + initEveryMs)
    for (let wait = round - clock.monotonicMs(); wait > 0; wait = round - clock.monotonicMs()) {
      const event = await link.next(wait)
      if (event?.kind === 'closed') throw event.error
      if (event?.kind !== 'keyword') continue
      const { keyword } = event
      if (keyword.kind === 'start') return { profile: keyword.isPxp ? 'X1' : 'L1' }
      // One `finish:` before the answer to Init is left over from an earlier run.
      reports++
      if (allowsL0 && reports === reportsOfL0) return { profile: 'L0', code: keyword.code }
    }
  }
  throw new StationError(
    'STATION_SYNC_TIMEOUT',
    `the board did not answer Init within ${limitMs / 1000} s (0x0004)`,
  )
}

/** The result of L1, counted from the synchronisation; whatever else arrives restarts nothing. */
async function reported(link: PxpLink, clock: Clock, limitMs: number): Promise<number> {
  const end = clock.monotonicMs() + limitMs
  for (let wait = limitMs; wait > 0; wait = end - clock.monotonicMs()) {
    const event = await link.next(wait)
    if (event?.kind === 'closed') throw event.error
    if (event?.kind === 'keyword' && event.keyword.kind === 'finish') return event.keyword.code
  }
  throw new StationError(
    'STATION_RESULT_TIMEOUT',
    `the board did not report within ${limitMs / 1000} s (0xFFFE)`,
  )
}

function requireSuccess(code: number): void {
  if (code !== boardResults.ok.code) throw resultError(code)
}

/** A board that restarts says so itself, or falls silent and then answers `Init` again. */
async function hasRestarted(link: PxpLink, clock: Clock, error: unknown): Promise<boolean> {
  if (!(error instanceof StationError)) return false
  if (error.code === 'STATION_RESTARTED') return true
  const { silentMs } = error.details
  if (typeof silentMs !== 'number') return false
  link.ignoreStarts(false)
  try {
    const limitMs = pxpLimits.messageTimeoutMs - silentMs
    return (await synchronise(link, clock, { limitMs, allowsL0: false })).profile === 'X1'
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
