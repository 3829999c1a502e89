import { hostname } from 'node:os'
import {
  decodeUtf8,
  encodeUtf8,
  parseJson,
  Secret,
  systemRandom,
  toHex,
  type Clock,
} from '@keyline/bytes'
import type { Ledger } from '@keyline/ledger'
import { StationCheck, type WorkOrder } from '@keyline/ledger/records'
import { prepareTrust } from '@keyline/matter'
import {
  checkStation,
  flowOf,
  Journal,
  RefusedInput,
  StationError,
  type EventSink,
  type LoadedOrder,
  type Probe,
  type ReservedUnit,
} from '@keyline/station'
import { parseCertificate } from '@keyline/x509'
import type { Home } from './home.ts'
import type { LineBoards } from './line-boards.ts'
import type { OpenStation } from './open-station.ts'
import type { LinePki } from './pki.ts'

/** A ledger may be shared: each station has its own check in it. */
const settingOf = (home: Home): string => `station-check/${hostname()}:${home.folder}`

export async function lastCheck(ledger: Ledger, home: Home): Promise<StationCheck | undefined> {
  const sealed = await ledger.setting(settingOf(home))
  if (sealed === undefined) return undefined
  return StationCheck.parse(parseJson(decodeUtf8(sealed.reveal()), 'the check of the station'))
}

export interface RunCheckOptions {
  readonly station: OpenStation
  readonly loaded: LoadedOrder
  readonly pki: Pick<LinePki, 'paa' | 'pai'>
  readonly boards: LineBoards
  /** Serial number or id of the unit on the golden board; the first that is found in a slot unless given. */
  readonly unit?: string | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onEvent: EventSink
}

/**
 * Checks the station on a board that has passed under the order, and keeps the result with its time.
 * @throws StationError `STATION_NO_BOARD` when no such board stands in a slot
 */
export async function runStationCheck(options: RunCheckOptions): Promise<StationCheck> {
  const { station, loaded, pki, boards, clock } = options
  const { ledger, home } = station
  const { prepared } = loaded
  const flow = flowOf(prepared.order)
  if (flow === undefined) throw new RefusedInput('the order', [])
  const { journal } = await Journal.open({ folder: home.journalFolder, clock })
  try {
    const { slot, probe, golden } = await goldenBoard(options)
    const record = await checkStation({
      parts: {
        clock,
        random: systemRandom,
        programmer: boards.programmer,
        ports: boards.ports,
        issuer: {
          issue: () =>
            Promise.reject(new StationError('STATION_PROTOCOL', 'a check asks for no certificate')),
        },
        units: ledger,
        journal,
        trust: prepareTrust({ paas: [pki.paa], policy: prepared.order.policy }),
        authorities: { pai: parseCertificate(pki.pai), paa: parseCertificate(pki.paa) },
      },
      prepared,
      flow,
      slot,
      probe,
      golden,
      signal: options.signal,
      onEvent: options.onEvent,
    })
    const { platform, security } = prepared.order
    const unit = golden.unit.serialNumber
    const check = { platform, security, slot, unit, at: clock.now(), record }
    await ledger.setSetting(settingOf(home), new Secret(encodeUtf8(JSON.stringify(check))))
    return check
  } finally {
    await journal.close()
  }
}

interface GoldenBoard {
  readonly slot: number
  readonly probe: Probe
  readonly golden: ReservedUnit
}

/** The first slot with a board whose unit has passed under the order, or the one whose unit is named. */
async function goldenBoard({
  station,
  loaded,
  boards,
  unit,
  signal,
}: RunCheckOptions): Promise<GoldenBoard> {
  const { ledger } = station
  const { id } = loaded.prepared.order
  const passed = (await ledger.unitsOf(id)).filter(
    (report) => report.verdict?.verdict === 'PASS' && report.scrap === undefined,
  )
  for (const [index, probe] of (await boards.programmer.list()).entries()) {
    const target = await boards.programmer
      .connect(probe.serialNumber, { signal })
      .catch(() => undefined)
    const uid = target === undefined ? undefined : toHex(target.uid)
    const found = passed.find((report) => report.unit.boardUid === uid)?.unit
    const isMeant = unit === undefined || found?.serialNumber === unit || found?.id === unit
    if (found === undefined || !isMeant) continue
    return {
      slot: index + 1,
      probe,
      golden: { unit: found, secrets: await ledger.reveal(found.id) },
    }
  }
  const what = unit === undefined ? `that has passed under order ${id}` : `of unit ${unit}`
  throw new StationError('STATION_NO_BOARD', `no slot holds a board ${what}`)
}

export interface FreshCheckOptions {
  readonly ledger: Ledger
  readonly home: Home
  readonly order: Pick<WorkOrder, 'id' | 'policy' | 'platform' | 'security' | 'line'>
  /** Milliseconds since 1970. */
  readonly now: number
  readonly onWarning: (text: string) => void
}

/**
 * Holds a run to the check that its order asks for.
 * @throws StationError `STATION_CHECK_DUE` under policy `production`
 */
export async function requireFreshCheck(options: FreshCheckOptions): Promise<void> {
  const { ledger, home, order, now, onWarning } = options
  const hours = order.line?.goldenBoardHours
  if (hours === undefined) return
  const why = whyDue(await lastCheck(ledger, home), order, now - hours * 3_600_000)
  if (why === undefined) return
  const message = `order ${order.id} asks for a check of the station within ${hours} h: ${why}`
  if (order.policy === 'production') throw new StationError('STATION_CHECK_DUE', message)
  onWarning(message)
}

function whyDue(
  check: StationCheck | undefined,
  { platform, security }: FreshCheckOptions['order'],
  since: number,
): string | undefined {
  if (check === undefined) return 'there was none'
  const when = new Date(check.at).toISOString()
  if (check.platform !== platform || check.security !== security) {
    return `that of ${when} was on ${check.platform}, security ${check.security}`
  }
  if (check.record.verdict !== 'PASS')
    return `that of ${when} ended as ${check.record.verdict} ${check.record.reason}`
  return check.at < since ? `the last one was at ${when}` : undefined
}
