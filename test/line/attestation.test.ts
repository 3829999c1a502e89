import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom, toHex, type Clock } from '@keyline/bytes'
import { decodeCorim, decodeToken, readPsaStatements } from '@keyline/eat'
import { LedgerError } from '@keyline/ledger'
import { attestationOf } from '@keyline/ledger/attestation'
import { MemoryTrustStore, verifyEvidence, type Verification } from '@keyline/verifier'
import { describe, expect, it } from 'vitest'
import { openTestStation, temporaryFolder } from '../support/line.ts'
import { withLedgerGate } from './support/around.ts'
import { flowCases, runFlow, type FlowRun } from './support/flow-line.ts'
import { decisionOf, decisionsOf, unitsIn } from './support/outcome.ts'
import { tokenOf } from './support/token-of.ts'

const flow = flowCases.wba2attested

/** Some octet of the secure image, which no boot loader of the simulation looks at but to measure it. */
const secureImage = 0x0c01_8800

function nonceOf(slot: number): Uint8Array {
  return seededRandom(`nonce ${slot}`).bytes(32)
}

/** What a verifier says of the board in a slot that has nothing but the ledger of the station. */
async function verified(
  run: Pick<FlowRun, 'bench' | 'clock'>,
  folder: { readonly path: string },
  { slot = 1, tenant = '0' } = {},
): Promise<Verification> {
  const { token } = await tokenOf(run, nonceOf(slot), slot)
  return judged(token, folder, run.clock, { slot, tenant })
}

/** The same of a token over the nonce of a slot. */
async function judged(
  token: Uint8Array,
  { path }: { readonly path: string },
  clock: Clock,
  { slot = 1, tenant = '0' } = {},
): Promise<Verification> {
  const station = await openTestStation(path)
  try {
    await using record = await attestationOf(station.ledger)
    const store = record.tenant(tenant).trust
    const time = Math.floor(clock.now() / 1000)
    return await verifyEvidence(token, { store, nonce: nonceOf(slot), time })
  } finally {
    await station.close()
  }
}

const genuine = { outcome: 'genuine', appraisal: { status: 'affirming' } }

function refusedWith(code: string): object {
  return { outcome: 'contraindicated', reason: { kind: 'evidence', refusal: { code } } }
}

function dead(): never {
  throw new Error('the store is dead')
}

describe('an order with attestation', () => {
  it('lets a verifier know its boards without a file copied by hand', async () => {
    await using folder = await temporaryFolder()
    const run = await runFlow(flow, { folder: folder.path, slots: 2, quantity: 2 })
    using bench = run.bench
    expect(decisionsOf(run).map(({ verdict }) => verdict)).toEqual(['PASS', 'PASS'])
    expect(bench.board(1).options.rdp).toBe(1)
    expect(await verified(run, folder, { slot: 1 })).toMatchObject(genuine)
    expect(await verified(run, folder, { slot: 2 })).toMatchObject(genuine)
  })

  it('lets it know them under its own tenant alone', async () => {
    await using folder = await temporaryFolder()
    const attestation = { ...flow.order.attestation, tenant: 'acme' }
    const order = { ...flow.order, attestation }
    const run = await runFlow({ ...flow, order }, { folder: folder.path })
    using _bench = run.bench
    expect(await verified(run, folder, { tenant: 'acme' })).toMatchObject(genuine)
    expect(await verified(run, folder)).toMatchObject(refusedWith('E_KEY_UNKNOWN'))
  })

  it('lets it tell an unknown board, altered firmware and a scrapped unit apart', async () => {
    await using folder = await temporaryFolder()
    const run = await runFlow(flow, { folder: folder.path })
    using bench = run.bench
    await using elsewhere = await temporaryFolder()
    const stranger = await runFlow(flow, { folder: elsewhere.path, seed: 'other boards' })
    using _other = stranger.bench
    expect(await verified(stranger, folder)).toMatchObject(refusedWith('E_KEY_UNKNOWN'))

    bench.board(1).flash.flipBit(secureImage)
    bench.board(1).reset()
    const altered = await verified(run, folder)
    if (altered.outcome !== 'genuine') throw new Error(altered.outcome)
    const { status, vector, components } = altered.appraisal
    const { executables } = vector
    expect({ status, executables }).toEqual({ status: 'warning', executables: 33 })
    expect(components.map(({ reference }) => reference?.name)).toEqual(['BL', undefined, 'App'])

    const [report] = await unitsIn(folder.path)
    const station = await openTestStation(folder.path)
    await station.ledger.aftercare.scrap({ unitId: report?.unit.id ?? '', reason: 'lost' })
    await station.close()
    expect(await verified(run, folder)).toMatchObject(refusedWith('E_KEY_REVOKED'))

    const next = await runFlow(flow, { folder: folder.path, bench, clock: run.clock })
    expect(decisionOf(next).verdict).toBe('PASS')
    expect(await verified(next, folder)).toMatchObject(genuine)
    const corim = decodeCorim(readFileSync(join(run.results, 'order-1.corim')))
    const anchors = [...readPsaStatements(corim)].filter(({ kind }) => kind === 'trust-anchor')
    expect(anchors).toHaveLength(1)
  })

  it('lets it forget the key that a unit had before its rework', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const run = await runFlow(flow, { folder: path })
    using bench = run.bench
    const { clock } = run
    const before = await tokenOf(run, nonceOf(1))
    const [report] = await unitsIn(path)
    const station = await openTestStation(path)
    const ticket = { reason: 'firmware-update', onNewBoard: false } as const
    await station.ledger.aftercare.rework({ unitId: report?.unit.id ?? '', ...ticket })
    await station.close()
    const next = await runFlow(flow, { folder: path, bench, clock, resume: true })
    expect(decisionOf(next)).toMatchObject({ verdict: 'PASS', unit: report?.unit.id })
    expect(await judged(before.token, folder, clock)).toMatchObject(refusedWith('E_KEY_REVOKED'))
    expect(await verified(next, folder)).toMatchObject(genuine)
  })

  it('leaves the CoRIM of the batch in the results, and the same one again', async () => {
    await using folder = await temporaryFolder()
    const run = await runFlow(flow, { folder: folder.path })
    using bench = run.bench
    const file = join(run.results, 'order-1.corim')
    const statements = [...readPsaStatements(decodeCorim(readFileSync(file)))]
    const { token, identity } = await tokenOf(run, seededRandom('nonce').bytes(32))
    const { claims } = decodeToken(token)
    expect(statements.map(({ kind }) => kind)).toEqual([
      ...Array.from({ length: 3 }, () => 'reference-value'),
      'trust-anchor',
    ])
    const [report] = await unitsIn(folder.path)
    const evidence = report?.verdict?.evidence.find(({ kind }) => kind === 'attestation-key')
    expect(evidence).toMatchObject({
      ok: true,
      facts: {
        implementationId: toHex(claims.implementationId),
        instanceId: toHex(claims.instanceId),
        publicKey: toHex(identity.publicKey),
        tokenSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    })
    const before = readFileSync(file)
    await runFlow(flow, { folder: folder.path, bench })
    expect(readFileSync(file)).toEqual(before)
  })

  it('brings to the verifier at the next start what a dead store did not take', async () => {
    await using folder = await temporaryFolder()
    const dying = runFlow(flow, {
      folder: folder.path,
      endorsements: () => ({ begin: dead, setState: dead }),
    })
    await expect(dying).rejects.toThrow('the store is dead')
    const [report] = await unitsIn(folder.path)
    expect(report?.verdict).toMatchObject({ verdict: 'PASS' })
    const store = new MemoryTrustStore()
    const next = await runFlow(flow, { folder: folder.path, endorsements: () => store })
    using _bench = next.bench
    expect(decisionsOf(next)).toEqual([])
    expect(store.size).toBe(1)
  })
})

describe('a board of such an order', () => {
  it('is asked again when it is resumed, and shows the same key', async () => {
    await using folder = await temporaryFolder()
    const interrupt = new AbortController()
    const first = await runFlow(flow, {
      folder: folder.path,
      signal: interrupt.signal,
      onEvent: (event) => {
        if (event.type === 'step-done' && event.step === 'initial-attestation') interrupt.abort()
      },
    })
    using bench = first.bench
    const { clock } = first
    const shown = await tokenOf(first, seededRandom('first').bytes(32))
    const second = await runFlow(flow, { folder: folder.path, bench, clock, resume: true })
    expect(decisionOf(second)).toMatchObject({ verdict: 'PASS' })
    const [report] = await unitsIn(folder.path)
    const evidence = report?.verdict?.evidence.find(({ kind }) => kind === 'attestation-key')
    expect(evidence?.facts['publicKey']).toBe(toHex(shown.identity.publicKey))
  })

  it('fails when it answers with an old token', async () => {
    await using folder = await temporaryFolder()
    const run = await runFlow(flow, {
      folder: folder.path,
      faults: [{ slot: 1, name: 'token-other-nonce' }],
    })
    using bench = run.bench
    expect(decisionOf(run)).toMatchObject({
      verdict: 'FAIL',
      reason: 'EVIDENCE_ATTESTATION_KEY',
    })
    expect(bench.board(1).options.rdp).toBe(0)
    const [report] = await unitsIn(folder.path)
    const evidence = report?.verdict?.evidence.at(-1)
    expect(evidence?.facts['code']).toBe('E_NONCE_MISMATCH')
    expect(existsSync(join(run.results, 'order-1.corim'))).toBe(false)
  })

  it('fails when it measured other software than that of the order', async () => {
    await using folder = await temporaryFolder()
    const run = await runFlow(flow, {
      folder: folder.path,
      faults: [{ slot: 1, name: 'firmware-altered' }],
    })
    using bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'FAIL' })
    const [report] = await unitsIn(folder.path)
    expect(report?.verdict?.evidence.at(-1)?.facts['code']).toBe('SOFTWARE_UNKNOWN')
    expect(bench.board(1).options.rdp).toBe(0)
  })

  it('fails when another unit lives with its key already', async () => {
    await using folder = await temporaryFolder()
    const taken = new LedgerError('LEDGER_DEVICE_TAKEN', 'another unit has this key')
    const run = await runFlow(flow, {
      folder: folder.path,
      decorate: withLedgerGate((_, verdict) => {
        if (verdict === 'PASS') throw taken
      }),
    })
    using _bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'FAIL', reason: 'LEDGER_DEVICE_TAKEN' })
  })

  it('is not to blame when the order describes its software wrongly', async () => {
    await using folder = await temporaryFolder()
    const { attestation } = flow.order
    const software = attestation.software.map((one) => ({ ...one, version: '9.9.9' }))
    const other = { ...flow, order: { ...flow.order, attestation: { ...attestation, software } } }
    const run = await runFlow(other, { folder: folder.path })
    using bench = run.bench
    expect(decisionOf(run)).toMatchObject({
      verdict: 'QUARANTINE',
      reason: 'STATION_ATTESTATION',
    })
    expect(bench.board(1).options.rdp).toBe(0)
  })

  it('is refused before anything is touched where its platform has no such key', async () => {
    await using folder = await temporaryFolder()
    const { attestation } = flow.order
    const other = { ...flowCases.wba1, order: { attestation } }
    await expect(runFlow(other, { folder: folder.path })).rejects.toMatchObject({
      code: 'STATION_INPUT_REFUSED',
      findings: expect.arrayContaining([
        expect.objectContaining({ rule: 'ORD-15', field: 'attestation.required', value: 'wba/1' }),
      ]),
    })
    expect(existsSync(join(folder.path, 'home', 'journal'))).toBe(false)
  })

  it('passes without a key where the order does not demand one', async () => {
    await using folder = await temporaryFolder()
    const attestation = { ...flow.order.attestation, required: false }
    const other = { ...flowCases.wba1, order: { attestation } }
    const run = await runFlow(other, { folder: folder.path })
    using bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'PASS' })
    expect(bench.board(1).options.rdp).toBe(0)
    expect(existsSync(join(run.results, 'order-1.corim'))).toBe(false)
  })
})
