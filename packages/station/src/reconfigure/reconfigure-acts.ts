import { equalOctets, toHex, type Clock } from '@keyline/bytes'
import type { Evidence, VerdictRecord } from '@keyline/ledger/records'
import type { FactoryDataSetting } from '@keyline/matter'
import { StationError } from '../errors.ts'
import { reviewEvidence } from '../evidence/required.ts'
import { decideVerdict } from '../evidence/verdict.ts'
import type { Operation, PlanBoard } from '../gen-factory-data/plan.ts'
import type { OperationOutcome, PlanActs } from '../gen-factory-data/run-plan.ts'
import type { RunOptions } from '../gen-factory-data/run-options.ts'
import type { Journal } from '../journal/journal-file.ts'
import { takeLock, type Lock } from '../line/lock.ts'
import type { Programmer, Target } from '../port/programmer.ts'
import { evidenceForReconfigure, judgeFirmware, judgeReadBack } from './board-evidence.ts'
import type { ReconfigureEvent } from './reconfigure-event.ts'
import { wirelessActs, type WirelessProgrammer } from './wireless-acts.ts'

export interface ReconfigureOptions {
  readonly options: RunOptions
  /** Written at `--flashAddr` of every board. */
  readonly image: Uint8Array
  /** Content of the firmware files by the name that the options give them. */
  readonly firmware: ReadonlyMap<string, Uint8Array>
  /** Rules that the read-back must satisfy. */
  readonly setting: FactoryDataSetting
  /** The image has published credentials. */
  readonly demo: boolean
  readonly programmer: Programmer
  /** For a coprocessor, an erase or a protection. */
  readonly wireless: WirelessProgrammer
  readonly journal: Journal
  readonly lockFolder: string
  /** Names the run in the journal. */
  readonly run: string
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onEvent: (event: ReconfigureEvent) => void
  /** Gets the factory data that a board gave back, a private key perhaps among them. */
  readonly onReadBack?: ((probe: string, octets: Uint8Array) => Promise<void>) | undefined
}

const deviceIds = { wba: 0x4b0, u5: 0x482, wb55: 0x495 } as const

interface BoardWork {
  readonly lock: Lock
  readonly target: Target
  readonly evidence: Evidence[]
  readonly firmware: { readonly address: number; readonly octets: Uint8Array }[]
  isDecided: boolean
}

/** Writes complete factory data to boards, and judges each by what it reads back. Source: provisioning-station section 5.1. */
export class ReconfigureActs implements PlanActs {
  readonly #options: ReconfigureOptions
  readonly #work = new Map<string, BoardWork>()

  constructor(options: ReconfigureOptions) {
    this.#options = options
  }

  async list(): Promise<readonly PlanBoard[]> {
    const { programmer, options, signal, onEvent } = this.#options
    const probes = await programmer.list({ signal })
    const wanted = options.boards
    const chosen = probes.filter(
      ({ serialNumber }) => wanted === undefined || wanted.includes(serialNumber),
    )
    const missing = wanted?.filter(
      (name) => !probes.some(({ serialNumber }) => serialNumber === name),
    )
    if (missing !== undefined && missing.length > 0) {
      throw new StationError(
        'STATION_NO_BOARD',
        `no probe has the serial number ${missing.join(', ')}`,
      )
    }
    return chosen.map(({ serialNumber, boardName, port }) => {
      onEvent({ type: 'board-found', probe: serialNumber, port: port ?? null })
      return { serial: serialNumber, name: boardName, port: port ?? null }
    })
  }

  async perform(board: PlanBoard, operation: Operation): Promise<OperationOutcome> {
    const { clock, onEvent } = this.#options
    const place = { probe: board.serial, port: board.port, operation }
    const start = clock.monotonicMs()
    onEvent({ type: 'operation-started', ...place })
    return this.#judged(board, operation.op, async () => {
      await this.#journal('intent', board, operation.op)
      await this.#act(board, operation)
      await this.#journal('outcome', board, operation.op, { ok: true })
      onEvent({ type: 'operation-done', ...place, ms: Math.round(clock.monotonicMs() - start) })
    })
  }

  async check(board: PlanBoard): Promise<OperationOutcome> {
    const outcome = await this.#judged(board, 'read-back', () => this.#readBack(board))
    if (outcome !== 'done') return outcome
    const { evidence, firmware } = this.#require(board)
    const rules = evidenceForReconfigure(firmware.length > 0)
    return reviewEvidence(rules, evidence).complete ? 'done' : this.#decide(board, undefined)
  }

  /** Whatever was not decided on its way is decided now: a board is good when its last act is done. */
  async end(board: PlanBoard): Promise<void> {
    const work = this.#work.get(board.serial)
    try {
      if (work?.isDecided === false) await this.#decide(board, undefined)
    } finally {
      await work?.lock.release()
      this.#work.delete(board.serial)
    }
  }

  /** Runs an act; an error of the board or of what is around it becomes the verdict of the board. */
  async #judged(
    board: PlanBoard,
    step: string,
    act: () => Promise<void>,
  ): Promise<OperationOutcome> {
    try {
      await act()
      return 'done'
    } catch (error) {
      // A journal that fails ends the run: nothing may happen that is not written down.
      if (error instanceof StationError && error.code.startsWith('STATION_JOURNAL')) throw error
      await this.#journal('outcome', board, step, { ok: false })
      await this.#decide(board, error)
      return this.#options.signal.aborted ? 'interrupted' : 'failed'
    }
  }

  async #act(board: PlanBoard, operation: Operation): Promise<void> {
    const { programmer, image, firmware, signal } = this.#options
    switch (operation.op) {
      case 'build-image':
        await this.#begin(board)
        return
      case 'program': {
        const { address, file } = operation
        const octets = file === undefined ? image : firmware.get(file)
        if (octets === undefined) throw unknownOperation(operation)
        await programmer.download(board.serial, address, octets, { signal })
        // Of two at one address the later one is there.
        const written = this.#require(board).firmware
        if (file !== undefined) written.splice(0, written.length, { address, octets })
        return
      }
      case 'reset':
        await programmer.reset(board.serial, { signal })
        return
      case 'protect':
        // What cannot be undone is not repeated: the board says whether it was done.
        if ((await programmer.connect(board.serial, { signal })).rdp === operation.rdp) return
        await wirelessActs(this.#options.wireless, board.serial, operation, signal)
        return
      case 'check-port':
      case 'erase':
      case 'run-script':
      case 'coprocessor-start':
      case 'coprocessor-upgrade':
      case 'coprocessor-option-bytes':
      case 'provision':
        await wirelessActs(this.#options.wireless, board.serial, operation, signal)
        return
      default:
        operation satisfies never
    }
  }

  /** Locks the probe and asks who is there: the right kind of board, and one that can be read. */
  async #begin(board: PlanBoard): Promise<void> {
    const { programmer, options, lockFolder, signal } = this.#options
    const lock = await takeLock(lockFolder, `probe-${board.serial}`)
    try {
      const target = await programmer.connect(board.serial, { signal })
      const wanted = deviceIds[options.profile]
      if (target.deviceId !== wanted) {
        throw new StationError(
          'STATION_WRONG_DEVICE',
          `probe ${board.serial} holds device 0x${target.deviceId.toString(16)}, the data are for 0x${wanted.toString(16)}`,
        )
      }
      if (target.rdp !== 0) {
        throw new StationError('STATION_PROTECTED', `the board has RDP ${target.rdp}`)
      }
      this.#work.set(board.serial, { lock, target, evidence: [], firmware: [], isDecided: false })
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  async #readBack(board: PlanBoard): Promise<void> {
    const { programmer, options, image, setting, signal } = this.#options
    const { target, evidence, firmware } = this.#require(board)
    const now = await programmer.connect(board.serial, { signal })
    if (!equalOctets(now.uid, target.uid)) {
      throw new StationError('STATION_BOARD_CHANGED', `another board answers at ${board.serial}`)
    }
    const { flashAddr } = options
    const data = await programmer.read(board.serial, flashAddr, image.length, { signal })
    await this.#options.onReadBack?.(board.serial, data)
    evidence.push(...(await judgeReadBack(data, image, setting)))
    for (const { address, octets } of firmware) {
      const found = await programmer.read(board.serial, address, octets.length, { signal })
      evidence.push(judgeFirmware(found, octets))
    }
  }

  async #decide(board: PlanBoard, error: unknown): Promise<OperationOutcome> {
    const { demo, onEvent } = this.#options
    const work = this.#work.get(board.serial)
    const decided = decideVerdict({
      rules: evidenceForReconfigure((work?.firmware.length ?? 0) > 0),
      evidence: work?.evidence ?? [],
      identityMayBeOnBoard: work !== undefined,
      credentialsMayBeOnBoard: false,
      ...(error === undefined ? {} : { error }),
    })
    // The same data once more leave nothing open: whoever is unsure of a board begins again.
    const remedy = 'run the same command again for this board'
    const record: VerdictRecord =
      decided.verdict === 'QUARANTINE' ? { ...decided, remedy } : decided
    const uid = work === undefined ? {} : { uid: toHex(work.target.uid) }
    const { verdict, reason } = record
    if (work !== undefined) work.isDecided = true
    await this.#journal('decided', board, 'verdict', { verdict, reason, demo, ...uid })
    onEvent({ type: 'board-decided', probe: board.serial, port: board.port, record, demo })
    return verdict === 'PASS' ? 'done' : 'failed'
  }

  async #journal(
    type: 'intent' | 'outcome' | 'decided',
    board: PlanBoard,
    step: string,
    data: Readonly<Record<string, string | boolean>> = {},
  ): Promise<void> {
    const { journal, run } = this.#options
    await journal.append({ type, run, step, data: { probe: board.serial, ...data } })
  }

  #require(board: PlanBoard): BoardWork {
    const work = this.#work.get(board.serial)
    if (work !== undefined) return work
    throw new StationError('STATION_NO_BOARD', `${board.serial} was not begun`)
  }
}

function unknownOperation(operation: Operation): StationError {
  return new StationError('STATION_NO_FLOW', `no part of this run does "${operation.op}"`)
}
