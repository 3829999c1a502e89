import { describe, expect, it } from 'vitest'
import { LedgerError } from '@keyline/ledger'
import type { StationParts } from '@keyline/station'
import { runTestLine, temporaryFolder, type LineRun } from '../support/line.ts'
import { withLedgerGate, type LedgerCall } from './support/around.ts'
import { decisionsOf, liveCertificates, unitsIn } from './support/outcome.ts'

const order = { slots: 2, quantity: 4 }
const callsOfTheLine: readonly LedgerCall[] = ['undecided', 'reserve', 'bind', 'issue', 'decide']

/** Promises P1, P2, P4; row F-29. */
describe('a ledger that goes away', () => {
  it('at any call stops the line: no further board is touched, and a resume decides every unit', async () => {
    const calls = await callsOf()
    expect(calls.length).toBeGreaterThan(15)
    for (const [index, call] of calls.entries()) {
      await using folder = await temporaryFolder()
      let count = 0
      let isGone = false
      const touchedAfterwards: string[] = []
      const gate = withLedgerGate(() => {
        isGone ||= count++ >= index
        if (isGone) throw unavailable()
      })
      const watch = withFreshBoardTap(() => {
        if (isGone) touchedAfterwards.push(call)
      })
      const run = await endOf(
        runTestLine({
          folder: folder.path,
          ...order,
          decorate: (parts) => watch(gate(parts)),
        }),
      )
      expect({ call, run }).toEqual({ call, run: 'LEDGER_UNAVAILABLE' })
      expect(touchedAfterwards).toEqual([])
      await expectResumeDecidesAll(folder.path)
    }
  })

  it.each(callsOfTheLine)('for one call of %s blames no board', async (call) => {
    for (const nth of [1, 2, 3]) {
      await using folder = await temporaryFolder()
      let count = 0
      const gate = withLedgerGate((name) => {
        if (name === call && ++count === nth) throw unavailable()
      })
      let verdicts: readonly string[] = []
      await endOf(
        runTestLine({
          folder: folder.path,
          ...order,
          decorate: gate,
          onEvent: (event) => {
            if (event.type === 'unit-decided') verdicts = [...verdicts, event.record.verdict]
          },
        }),
      )
      expect(verdicts).not.toContain('FAIL')
      await expectResumeDecidesAll(folder.path)
    }
  })

  it.each(['certificateOf', 'voidCertificate'] as const)(
    'when the certificate of a lost key is to be void (%s) leaves none live',
    async (call) => {
      await using folder = await temporaryFolder()
      const run = await runTestLine({
        folder: folder.path,
        faults: [{ slot: 1, name: 'restart-before-commit' }],
        decorate: withLedgerGate((name) => {
          if (name === call) throw unavailable()
        }),
      })
      expect(decisionsOf(run)).toMatchObject([{ verdict: 'ERROR', reason: 'LEDGER_UNAVAILABLE' }])
      expect((await unitsIn(folder.path)).map(liveCertificates)).toEqual([0])
    },
  )
})

function unavailable(): LedgerError {
  return new LedgerError('LEDGER_UNAVAILABLE', 'the database does not answer')
}

/** The calls of an undisturbed run, in their order. */
async function callsOf(): Promise<readonly LedgerCall[]> {
  await using folder = await temporaryFolder()
  const calls: LedgerCall[] = []
  const decorate = withLedgerGate((call) => void calls.push(call))
  const run = await runTestLine({ folder: folder.path, ...order, boardsInMemory: true, decorate })
  expect(run.summary.pass).toBe(4)
  return calls
}

/** Notes when a board gets its first data: the write that makes it a unit. */
function withFreshBoardTap(touch: () => void): (parts: StationParts) => StationParts {
  return (parts) => {
    const { programmer } = parts
    return {
      ...parts,
      programmer: {
        list: (options) => programmer.list(options),
        connect: (probe, options) => programmer.connect(probe, options),
        read: (probe, address, length, options) => programmer.read(probe, address, length, options),
        reset: (probe, options) => programmer.reset(probe, options),
        download: (probe, address, octets, options) => {
          if (octets.length < 32_768) touch()
          return programmer.download(probe, address, octets, options)
        },
      },
    }
  }
}

/** The code with which a run ended, or its summary. */
async function endOf(run: Promise<LineRun>): Promise<unknown> {
  try {
    return (await run).summary
  } catch (error) {
    return error instanceof LedgerError ? error.code : error
  }
}

async function expectResumeDecidesAll(folder: string): Promise<void> {
  const { summary } = await runTestLine({ folder, ...order, resume: true })
  expect(summary).toMatchObject({ fail: 0, quarantine: 0, remaining: 0 })
  const units = await unitsIn(folder)
  expect(units.filter(({ verdict }) => verdict?.verdict === 'PASS')).toHaveLength(4)
  for (const unit of units) {
    expect(unit).toHaveProperty('verdict')
    expect(liveCertificates(unit)).toBe(unit.verdict?.verdict === 'PASS' ? 1 : 0)
  }
  expect(new Set(units.map(({ unit }) => unit.serialNumber)).size).toBe(units.length)
}
