import type { Ledger } from '@keyline/ledger'
import type { EventSink, Fixture, Programmer, StationParts, UnitStore } from '@keyline/station'

/** The units of this run alone, whose identities are given: none is drawn. */
export function givenUnits(ledger: Ledger, units: ReadonlySet<string>): UnitStore {
  return {
    ...unitActs(ledger),
    reserve: () => Promise.resolve(undefined),
    remaining: () => Promise.resolve(0),
    undecided: async (orderId) => {
      const open = await ledger.undecided(orderId)
      return open.filter(({ unit }) => units.has(unit.id))
    },
  }
}

/** Units of an order until each board of the run has one: what the order misses beyond them is for later runs. */
export function unitsForBoards(ledger: Ledger, isEnough: () => boolean): UnitStore {
  return {
    ...unitActs(ledger),
    reserve: (orderId, draw) =>
      isEnough() ? Promise.resolve(undefined) : ledger.reserve(orderId, draw),
    remaining: (orderId) => ledger.remaining(orderId),
    undecided: (orderId) => ledger.undecided(orderId),
  }
}

function unitActs(
  ledger: Ledger,
): Pick<UnitStore, 'bind' | 'decide' | 'certificateOf' | 'voidCertificate'> {
  return {
    bind: (unitId, boardUid, options) => ledger.bind(unitId, boardUid, options),
    decide: (unitId, record) => ledger.decide(unitId, record),
    certificateOf: (unitId) => ledger.certificateOf(unitId),
    voidCertificate: (unitId, certificateSha256, reason) =>
      ledger.voidCertificate(unitId, certificateSha256, reason),
  }
}

/** A programmer that lists the boards of the run alone. */
export function onlyProbes(programmer: Programmer, probes: ReadonlySet<string>): Programmer {
  return {
    ...onlyActs(programmer),
    list: async (options) => {
      const all = await programmer.list(options)
      return all.filter(({ serialNumber }) => probes.has(serialNumber))
    },
  }
}

/** Parts that hand on what is read back of the factory data of a board; of several readings the last one counts. */
export function keepingReadBack(
  parts: StationParts,
  dataAddress: number,
  keep: (probe: string, octets: Uint8Array) => Promise<void>,
): StationParts {
  const { programmer } = parts
  return {
    ...parts,
    programmer: {
      ...onlyActs(programmer),
      read: async (probe, address, length, options) => {
        const octets = await programmer.read(probe, address, length, options)
        if (address === dataAddress) await keep(probe, octets)
        return octets
      },
    },
  }
}

/** The acts as an object that can be spread: a class has them on its prototype. */
function onlyActs(programmer: Programmer): Programmer {
  return {
    list: (options) => programmer.list(options),
    connect: (probe, options) => programmer.connect(probe, options),
    download: (probe, address, octets, options) =>
      programmer.download(probe, address, octets, options),
    read: (probe, address, length, options) => programmer.read(probe, address, length, options),
    reset: (probe, options) => programmer.reset(probe, options),
  }
}

/** One board for each probe, at most so many at the same time: one that is decided lets the next one begin. */
export function oneBoardEach(jobs: number): {
  readonly fixture: Fixture
  readonly watch: EventSink
  /** Boards that were begun, or wait for their turn. */
  readonly begun: ReadonlySet<string>
} {
  const begun = new Set<string>()
  const inWork = new Set<number>()
  const waiting = new Set<() => void>()
  let free = jobs
  const take = (signal: AbortSignal | undefined): Promise<void> => {
    if (free > 0) {
      free -= 1
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      waiting.add(resolve)
      signal?.addEventListener('abort', () => resolve(), { once: true })
    })
  }
  const give = (): void => {
    const [next] = waiting
    if (next === undefined) free += 1
    else {
      waiting.delete(next)
      next()
    }
  }
  return {
    begun,
    fixture: {
      nextBoard: async (probe, { signal } = {}) => {
        if (begun.has(probe)) return false
        begun.add(probe)
        await take(signal)
        return signal?.aborted !== true
      },
    },
    watch: (event) => {
      if (event.type === 'unit-started' && begun.has(event.probe)) inWork.add(event.slot)
      const hasEnded = event.type === 'unit-decided' || event.type === 'slot-stopped'
      if (hasEnded && inWork.delete(event.slot)) give()
    },
  }
}
