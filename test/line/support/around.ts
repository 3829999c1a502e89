import { decodeUtf8 } from '@keyline/bytes'
import type { Verdict } from '@keyline/ledger/records'
import type { Issuer, SerialPorts, StationParts, UnitStore } from '@keyline/station'

/** A station whose issuer is replaced by one that may ask the true one. */
export function withIssuer(
  issue: (
    real: Issuer['issue'],
    request: Parameters<Issuer['issue']>[0],
  ) => ReturnType<Issuer['issue']>,
): (parts: StationParts) => StationParts {
  return (parts) => ({
    ...parts,
    issuer: {
      issue: (request, options) => issue((other) => parts.issuer.issue(other, options), request),
    },
  })
}

/** What a station asks of its ledger, itself or through its issuer. */
export type LedgerCall = keyof UnitStore | 'issue'

/** A station whose ledger is asked through a gate, which may refuse and is told a verdict that is recorded. The issuer asks the same ledger. */
export function withLedgerGate(
  gate: (call: LedgerCall, verdict?: Verdict) => Promise<void> | void,
): (parts: StationParts) => StationParts {
  const through = async <T>(
    call: LedgerCall,
    act: () => Promise<T>,
    verdict?: Verdict,
  ): Promise<T> => {
    await gate(call, verdict)
    return await act()
  }
  return (parts) => {
    const { units, issuer } = parts
    return {
      ...parts,
      issuer: {
        issue: (request, options) => through('issue', () => issuer.issue(request, options)),
      },
      units: {
        reserve: (order, draw) => through('reserve', () => units.reserve(order, draw)),
        remaining: (order) => through('remaining', () => units.remaining(order)),
        undecided: (order) => through('undecided', () => units.undecided(order)),
        bind: (unit, uid, options) => through('bind', () => units.bind(unit, uid, options)),
        decide: (unit, record) =>
          through('decide', () => units.decide(unit, record), record.verdict),
        certificateOf: (unit) => through('certificateOf', () => units.certificateOf(unit)),
        voidCertificate: (unit, hash, reason) =>
          through('voidCertificate', () => units.voidCertificate(unit, hash, reason)),
      },
    }
  }
}

/** A station whose serial ports show what the host writes, with the number of the opened port, before it is sent. */
export function withPortTap(
  hear: (text: string, opening: number) => void,
): (parts: StationParts) => StationParts {
  let openings = 0
  const tapped = (ports: SerialPorts): SerialPorts => ({
    open: async (name) => {
      const opening = ++openings
      const port = await ports.open(name)
      return {
        received: port.received,
        close: () => port.close(),
        write: (octets) => {
          hear(decodeUtf8(octets), opening)
          return port.write(octets)
        },
      }
    },
  })
  return (parts) => ({ ...parts, ports: tapped(parts.ports) })
}
