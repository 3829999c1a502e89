import { BytesError, decodeUtf8, encodeUtf8, systemRandom, withDeadline } from '@keyline/bytes'
import type {
  ManagerOutcome,
  ManagerRequest,
  ProvisioningManager,
  StationParts,
} from '@keyline/station'
import { describe, expect, it } from 'vitest'
import { runProvisioningDialogue } from '../../packages/station/src/dialogue/provisioning-dialogue.ts'
import { temporaryFolder } from '../support/line.ts'
import { flowCases, runFlow, type FlowCase } from './support/flow-line.ts'
import { decisionOf, journalOf, unitsIn } from './support/outcome.ts'
import { productionLine } from './support/production.ts'

type Provision = (parts: StationParts, request: ManagerRequest) => Promise<ManagerOutcome>

const done: ManagerOutcome = { ok: true, code: 0, reason: 'ok', message: '' }
const l1: FlowCase = { ...flowCases.wba1, provisioning: { kind: 'provisioning-L1' } }
const nothing = (): Promise<void> => Promise.resolve()

/** Provisioning-station section 6.6: a manager in place of the built-in dialogue. */
describe('a provisioning manager', () => {
  it('that fetches certificates makes boards like the built-in dialogue', async () => {
    await using folder = await temporaryFolder()
    const requests: ManagerRequest[] = []
    const run = await runFlow(flowCases.wba2, {
      folder: folder.path,
      decorate: managedBy(async (parts, request) => {
        requests.push(request)
        await exchangeItself(parts, request)
        return done
      }),
    })
    using _bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'PASS', reason: 'complete' })
    expect(requests).toMatchObject([{ port: 'sim:1', mode: 0, serialNumber: 'T-000001' }])
    const [report] = await unitsIn(folder.path)
    const evidence = report?.verdict?.evidence ?? []
    expect(evidence.find(({ kind }) => kind === 'exchange')?.facts).toEqual({
      by: 'of the test',
      code: 0,
    })
    expect(evidence.filter(({ kind }) => kind === 'key')).toMatchObject([
      { facts: { by: 'ATT-08' } },
    ])
    const steps = journalOf(folder.path).map(({ type, step }) => `${type} ${step ?? ''}`)
    expect(steps.indexOf('intent commit')).toBeGreaterThan(steps.indexOf('outcome issue'))
  })

  it('that only waits for a result makes demonstration boards, each marked', async () => {
    await using folder = await temporaryFolder()
    const run = await runFlow(l1, { folder: folder.path, decorate: managedBy(waitForResult) })
    using _bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'PASS' })
    const decided = journalOf(folder.path).find(({ type }) => type === 'decided')
    expect(decided?.data['marks']).toBe('key unproven, demo')
  })

  it('is told the mode of an STM32WB55', async () => {
    const modes: number[] = []
    await using folder = await temporaryFolder()
    const run = await runFlow(flowCases.wb55production, {
      folder: folder.path,
      decorate: managedBy((_, { mode }) => {
        modes.push(mode)
        return Promise.resolve({ ok: false, code: 4, reason: 'sync-timeout', message: 'silence' })
      }),
    })
    using _bench = run.bench
    expect(modes).toEqual([1])
    expect(decisionOf(run)).toMatchObject({ verdict: 'ERROR', reason: 'STATION_MANAGER' })
  })

  it.each([
    ['that reports success and did nothing', () => Promise.resolve(done), 'FAIL', 'EVIDENCE_DATA'],
    [
      'that fails behind a certificate',
      async (parts: StationParts, request: ManagerRequest) => {
        await exchangeItself(parts, request)
        return { ok: false, code: 0xfffe, reason: 'crashed', message: 'gone' }
      },
      'QUARANTINE',
      'STATION_MANAGER',
    ],
  ] as const)('%s makes no PASS', async (_, provision, verdict, reason) => {
    await using folder = await temporaryFolder()
    const run = await runFlow(flowCases.wba1, {
      folder: folder.path,
      decorate: managedBy(provision),
    })
    using _bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict, reason })
  })

  it('without requests is refused under policy "production"', async () => {
    await using folder = await temporaryFolder()
    const production = await productionLine()
    const decorate = managedBy(waitForResult)
    const run = await runFlow(l1, { folder: folder.path, production, decorate })
    using _bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'ERROR', reason: 'STATION_PROFILE' })
  })
})

function managedBy(provision: Provision): (parts: StationParts) => StationParts {
  return (parts) => {
    const manager: ProvisioningManager = {
      name: 'of the test',
      provision: (request) => provision(parts, request),
    }
    return { ...parts, manager }
  }
}

/** A manager that speaks PXP/1 to the board. */
async function exchangeItself(parts: StationParts, request: ManagerRequest): Promise<void> {
  await runProvisioningDialogue({
    port: await parts.ports.open(request.port),
    clock: parts.clock,
    random: systemRandom,
    signal: new AbortController().signal,
    mode: request.mode === 1 ? 'production' : 'test',
    host: {
      identified: nothing,
      reportsOnly: nothing,
      certificateFor: (csr) => request.certificateFor(csr),
      beforeCommit: nothing,
      stored: nothing,
      proven: nothing,
      restarted: nothing,
    },
  })
}

/** A manager in the manner of ST: wakes the board and waits for its result. */
async function waitForResult(
  { ports, clock }: StationParts,
  request: ManagerRequest,
): Promise<ManagerOutcome> {
  const port = await ports.open(request.port)
  let heard = ''
  const listening = (async () => {
    for await (const octets of port.received) {
      heard += decodeUtf8(octets)
      if (heard.includes('finish:000')) return
    }
  })()
  try {
    await withDeadline({ clock, ms: 30_000, what: 'the result' }, async () => {
      await clock.sleep(2000)
      await port.write(encodeUtf8('Init\n'))
      await listening
    })
    return done
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    return { ok: false, code: 0xfffe, reason: 'result-timeout', message: error.message }
  } finally {
    await port.close()
  }
}
