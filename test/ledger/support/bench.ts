import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import type { Ledger, LedgerLocation, ReservedUnit } from '@keyline/ledger'
import { openAt, type TestDatabases } from './databases.ts'
import { sampleOrder, Samples } from './sample.ts'

/** One ledger for each test, with the sample order in it. */
export class LedgerBench {
  readonly samples: Samples
  readonly #databases: TestDatabases
  #location: LedgerLocation | undefined
  #ledger: Ledger | undefined

  constructor(databases: TestDatabases, seed: string) {
    this.#databases = databases
    this.samples = new Samples(seed)
  }

  get ledger(): Ledger {
    return present(this.#ledger)
  }

  get location(): LedgerLocation {
    return present(this.#location)
  }

  /** Hooks of the suite that calls it. */
  register(): void {
    beforeAll(() => this.#databases.start())
    afterAll(() => this.#databases.stop())
    beforeEach(async () => {
      this.#location = await this.#databases.fresh()
      this.#ledger = await openAt(this.#location)
      await this.ledger.createOrder(sampleOrder())
    })
    afterEach(() => this.ledger.close())
  }

  /** Closes the ledger and opens the same database again. */
  async reopen(): Promise<void> {
    await this.ledger.close()
    this.#ledger = await openAt(this.location)
  }

  async reserve(): Promise<ReservedUnit> {
    return present(await this.ledger.reserve('order-1', this.samples.draw))
  }

  /** Types of all audit records, in order. */
  async auditTypes(): Promise<readonly string[]> {
    const types: string[] = []
    await this.ledger.exportAudit((line) => {
      types.push(String(JSON.parse(line).type))
    })
    return types
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the bench has no such thing now')
  return value
}
