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

/**
 * The host's side of the serial dialogue: `Init` until the board answers, then PXP/1 to `finish:000`.
 * Closes the port in every case. Source: provisioning-station sections 6.3 and 7.
 * @throws StationError `STATION_SYNC_TIMEOUT`, `STATION_RESULT_TIMEOUT`, `STATION_PROTOCOL`,
 * `STATION_RESTARTED`, `STATION_BOARD_REPORTED`, `STATION_BOARD_REFUSED`, or what the host throws
 */
export async function runProvisioningDialogue(options: ProvisioningDialogueOptions): Promise<void> {
  const link = new PxpLink(options)
  const session = { isCommitted: false }
  try {
    await synchronise(link, options.clock)
    try {
      await exchange(link, options, session)
    } catch (error) {
      if (!isRestart(error) || session.isCommitted) throw error
      await options.host.restarted()
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

async function synchronise(link: PxpLink, clock: Clock): Promise<void> {
  const end = clock.monotonicMs() + syncLimitMs
  for (let left = syncLimitMs; left > 0; left = end - clock.monotonicMs()) {
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
    `the board did not answer Init within ${syncLimitMs / 1000} s (0x0004)`,
  )
}

async function exchange(
  link: PxpLink,
  options: ProvisioningDialogueOptions,
  session: { isCommitted: boolean },
): Promise<void> {
  const { host } = options
  link.ignoreStarts(true)
  await link.send('HELLO', encodeHello({ mode: options.mode }))
  const ident = decodeIdent(await expect(link, 'IDENT'))
  link.ignoreStarts(false)
  await host.identified(ident)
  const { dac, pai } = await host.certificateFor(await expect(link, 'CSR'))
  await link.send('DAC', dac)
  await link.send('PAI', pai)
  await host.beforeCommit()
  session.isCommitted = true
  await link.send('COMMIT', sha256(concat(dac, pai)))
  await host.stored(decodeStored(await expect(link, 'STORED')).store)
  const challenge = options.random.bytes(pxpLimits.challengeLength)
  await link.send('CHAL', challenge)
  await host.proven({ challenge, signature: await expect(link, 'PROOF') })
  await link.send('DONE')
  await finish(link)
}

/** The next message, which must be of the type that the order of the session demands. */
async function expect(link: PxpLink, type: MessageType): Promise<Uint8Array> {
  const event = await nextOf(link, type)
  if (event.kind === 'message' && event.message.type === type) return event.message.payload
  throw outOfTurn(event, `in place of ${type}`)
}

/** Waits for the result of the board; only 000 is success. */
async function finish(link: PxpLink): Promise<void> {
  const event = await nextOf(link, 'finish')
  const { ok } = boardResults
  const isFinish = event.kind === 'keyword' && event.keyword.kind === 'finish'
  if (isFinish && event.keyword.code === ok.code) return
  throw outOfTurn(event, 'in place of its result')
}

/** The next event but log text; each one restarts the wait. */
async function nextOf(link: PxpLink, what: string): Promise<LinkEvent> {
  for (;;) {
    const event = await link.next(pxpLimits.messageTimeoutMs)
    if (event === undefined) {
      const seconds = pxpLimits.messageTimeoutMs / 1000
      throw new StationError(
        'STATION_RESULT_TIMEOUT',
        `the board was silent for ${seconds} s, ${what} was expected (0xFFFE)`,
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

function isRestart(error: unknown): boolean {
  return error instanceof StationError && error.code === 'STATION_RESTARTED'
}
