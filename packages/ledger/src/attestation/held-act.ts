import { startTimer, type Clock } from '@keyline/bytes'
import { LedgerError } from '../errors.ts'
import type { Act } from '../store/act.ts'
import type { Desk } from './desk.ts'

/** The pause after which PostgreSQL ends a transaction by itself; SQLite would hold up all others for ever. */
const longestPauseMs = 30_000

type End = (act: Act) => Promise<void>

/** An act that stays open while a caller hands in its statements, one after the other. */
export class HeldAct {
  readonly act: Act
  readonly #end: (end: End) => void
  readonly #done: Promise<void>
  readonly #clock: Clock
  /** Cancels the timer that ends an act that nobody works on. */
  #cancel: () => void = () => undefined
  readonly #undo = new LedgerError('LEDGER_CLOSED', 'the transaction was taken back')
  #isOver = false

  private constructor(
    act: Act,
    {
      clock,
      end,
      done,
    }: Pick<Desk, 'clock'> & {
      readonly end: (end: End) => void
      readonly done: Promise<void>
    },
  ) {
    this.act = act
    this.#clock = clock
    this.touch()
    this.#end = end
    this.#done = done
  }

  /** @throws LedgerError as every act */
  static open(desk: Desk): Promise<HeldAct> {
    return new Promise((resolve, reject) => {
      let isOpen = false
      const done = desk.act(async (act) => {
        // What was handed in is gone with the first attempt: only the caller has it still.
        if (isOpen) throw new LedgerError('LEDGER_BUSY', 'another writer was in the way')
        isOpen = true
        const last = await new Promise<End>((end) =>
          resolve(new HeldAct(act, { clock: desk.clock, end, done })),
        )
        await last(act)
      })
      done.catch(reject)
    })
  }

  /**
   * Says that the act is worked on; it stands before each statement. An act that waits for longer than a database lets it is
   * undone. @throws LedgerError `LEDGER_CLOSED` after the end
   */
  touch(): void {
    if (this.#isOver) throw ended()
    this.#cancel()
    this.#cancel = startTimer(this.#clock, longestPauseMs, () => void this.rollback())
  }

  /** @param last what belongs to the end of the transaction */
  async commit(last: End): Promise<void> {
    if (this.#isOver) throw ended()
    this.#isOver = true
    this.#cancel()
    this.#end(last)
    await this.#done
  }

  /** Undoes all of it; after the end it changes nothing. */
  async rollback(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancel()
    this.#end(() => Promise.reject(this.#undo))
    // A connection that broke has undone it, too.
    await this.#done.catch(() => undefined)
  }
}

function ended(): LedgerError {
  return new LedgerError('LEDGER_CLOSED', 'the transaction has ended already')
}
