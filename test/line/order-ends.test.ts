import { isKeylineError } from '@keyline/bytes'
import { Ledger } from '@keyline/ledger'
import type { StationParts } from '@keyline/station'
import { describe, expect, it } from 'vitest'
import { runTestLine, temporaryFolder } from '../support/line.ts'
import { scaled } from '../support/scale.ts'
import { withLedgerGate, type LedgerCall } from './support/around.ts'
import { liveCertificates, unitsIn } from './support/outcome.ts'

const order = { slots: 2, quantity: 4 }

/** One call in so many in the short run. */
const stride = scaled(3, 1)

type End = 'closeOrder' | 'pauseOrder'

/** Fault RACE-9. */
describe('an order that ends during a run', () => {
  it.each<[End, string]>([
    ['closeOrder', 'ORDER_CLOSED'],
    ['pauseOrder', 'ORDER_PAUSED'],
  ])(
    'at any call (%s) lets boards with a certificate finish and stops the others',
    async (end, why) => {
      const calls = await callsOf()
      let finished = 0
      let stopped = 0
      for (let index = 0; index < calls.length; index += stride) {
        await using folder = await temporaryFolder()
        const certified = new Set<string>()
        const outcome = await codeOf(
          runTestLine({
            folder: folder.path,
            ...order,
            boardsInMemory: true,
            decorate: endingAt(index, end, certified),
          }),
        )
        const at = { call: calls[index], index }
        expect({ ...at, outcome }).toEqual({
          ...at,
          outcome: expect.stringMatching(`^(?:ended|LEDGER_${why})$`) as string,
        })
        finished += certified.size
        const units = await unitsIn(folder.path)
        const passed = units.filter(({ verdict }) => verdict?.verdict === 'PASS')
        expect(passed.map(({ unit }) => unit.id)).toEqual(
          expect.arrayContaining([...certified]) as string[],
        )
        for (const unit of units) {
          const { verdict } = unit
          if (verdict === undefined) {
            expect(unit.certificates).toEqual([])
          } else if (verdict.verdict === 'PASS') {
            expect(liveCertificates(unit)).toBe(1)
          } else {
            expect({ ...at, verdict: verdict.verdict, reason: verdict.reason }).toEqual({
              ...at,
              verdict: 'ERROR',
              reason: `ISSUER_${why}`,
            })
            expect(liveCertificates(unit)).toBe(0)
            stopped++
          }
        }
      }
      expect(finished).toBeGreaterThan(0)
      expect(stopped).toBeGreaterThan(0)
    },
  )
})

/** The calls of an undisturbed run, in their order. */
async function callsOf(): Promise<readonly LedgerCall[]> {
  await using folder = await temporaryFolder()
  const calls: LedgerCall[] = []
  const decorate = withLedgerGate((call) => void calls.push(call))
  await runTestLine({ folder: folder.path, ...order, boardsInMemory: true, decorate })
  return calls
}

/** Ends the order before this call, and tells whose certificates were recorded by then. */
function endingAt(
  index: number,
  end: End,
  certified: Set<string>,
): (parts: StationParts) => StationParts {
  let count = 0
  return (parts) => {
    const { units: ledger } = parts
    if (!(ledger instanceof Ledger)) throw new Error('the line has another store')
    const gate = withLedgerGate(async () => {
      if (count++ !== index) return
      await ledger[end]('order-1')
      const units = await ledger.unitsOf('order-1')
      for (const unit of units) if (liveCertificates(unit) > 0) certified.add(unit.unit.id)
    })
    return gate(parts)
  }
}

async function codeOf(run: Promise<unknown>): Promise<string> {
  try {
    await run
    return 'ended'
  } catch (error) {
    return isKeylineError(error) ? error.code : String(error)
  }
}
