import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FaultName } from '@keyline/board'
import { BytesError, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { decodeCorim, readPsaStatements } from '@keyline/eat'
import { simulatedAuthority } from '@keyline/psa'
import { loadOrder } from '@keyline/station'
import { describe, expect, it } from 'vitest'
import { chipCertificates } from '../../packages/cli/src/wiring/chip-certificates.ts'
import { temporaryFolder } from '../support/line.ts'
import { loadDeviceOrder, runDeviceLine, writeDeviceOrder } from './support/device-line.ts'
import { decisionOf, decisionsOf, journalOf, unitsIn } from './support/outcome.ts'

const steps = [
  'check-port',
  'bind',
  'open-board',
  'export-wrapped-key',
  'program-application',
  'program-container',
  'read-back',
  'protect',
  'start-application',
  'initial-attestation',
]

describe('a board without Matter', () => {
  it('passes with firmware, protection and the key of its chip, and gets no certificate', async () => {
    await using folder = await temporaryFolder()
    const run = await runDeviceLine({ folder: folder.path })
    expect(decisionOf(run)).toMatchObject({ verdict: 'PASS', reason: 'complete' })
    expect(run.summary.steps.map(({ step }) => step)).toEqual(steps)
    const [report] = await unitsIn(folder.path)
    expect(report?.certificates).toEqual([])
    expect(report?.verdict?.evidence.map(({ kind }) => kind)).toEqual([
      'firmware',
      'protection',
      'attestation-key',
    ])
    const facts = report?.verdict?.evidence.at(-1)?.facts
    expect(facts?.['certificateSha256']).toMatch(/^[0-9a-f]{64}$/)
    const corim = decodeCorim(readFileSync(join(run.results, 'order-1.corim')))
    const [anchor] = [...readPsaStatements(corim)].flatMap((one) =>
      one.kind === 'trust-anchor' ? [one.value] : [],
    )
    expect(toHex(anchor?.instanceId ?? new Uint8Array())).toBe(facts?.['instanceId'])
    const name = report?.unit.serialNumber ?? ''
    const passport: unknown = JSON.parse(
      readFileSync(join(run.results, 'units', name, 'passport.json'), 'utf8'),
    )
    expect(passport).toMatchObject({ platform: 'u3', product: null, certificates: [] })
  })

  it.each([0, 1] as const)(
    'passes through the texts of the programmer, with read-out protection %i',
    async (rdp) => {
      await using folder = await temporaryFolder()
      const run = await runDeviceLine({ folder: folder.path, readsTexts: true, order: { rdp } })
      expect(decisionOf(run)).toMatchObject({ verdict: 'PASS', reason: 'complete' })
    },
  )

  it('is left open where its order asks for no protection', async () => {
    await using folder = await temporaryFolder()
    const run = await runDeviceLine({ folder: folder.path, order: { rdp: 0 } })
    expect(decisionOf(run)).toMatchObject({ verdict: 'PASS' })
    expect(run.summary.steps.map(({ step }) => step)).not.toContain('protect')
  })

  it.each<readonly [fault: FaultName, verdict: string, reason: string]>([
    ['container-tampered', 'FAIL', 'STATION_ANSWER'],
    ['container-foreign', 'FAIL', 'STATION_ANSWER'],
    ['certificate-foreign', 'FAIL', 'STATION_ANSWER'],
    ['token-other-nonce', 'FAIL', 'EVIDENCE_ATTESTATION_KEY'],
    ['rsse-stuck', 'ERROR', 'DEADLINE_PASSED'],
  ])('with %s ends as %s', async (name, verdict, reason) => {
    await using folder = await temporaryFolder()
    const run = await runDeviceLine({ folder: folder.path, faults: [{ slot: 1, name }] })
    expect(decisionsOf(run)[0]).toMatchObject({ verdict, reason })
  })

  it('is not to blame when the order names the authority of other chips', async () => {
    await using folder = await temporaryFolder()
    const { certificate } = simulatedAuthority('LU')
    const file = join(folder.path, 'other.der')
    writeFileSync(file, certificate)
    const { order } = (await loadDeviceOrder(folder.path)).prepared
    const authorities = [{ file, sha256: toHex(sha256(certificate)), simulated: true }]
    const attestation = { ...order.attestation, authorities }
    const run = await runDeviceLine({ folder: folder.path, order: { attestation } })
    expect(decisionOf(run)).toMatchObject({ verdict: 'ERROR', reason: 'STATION_ATTESTATION' })
  })

  it.each(steps.map((step, index) => [index + 1, step] as const))(
    'that was interrupted behind step %i, %s, is made again with the same key',
    async (place) => {
      await using folder = await temporaryFolder()
      const stop = new AbortController()
      let done = 0
      const first = await runDeviceLine({
        folder: folder.path,
        signal: stop.signal,
        onEvent: ({ type }) => {
          if (type === 'step-done' && ++done === place) {
            stop.abort(new BytesError('INTERRUPTED', 'SIGINT'))
          }
        },
      })
      const [before] = decisionsOf(first)
      if (place === steps.length) {
        expect(before).toMatchObject({ verdict: 'PASS' })
        return
      }
      expect(before).toMatchObject({ verdict: place < 3 ? 'ERROR' : 'QUARANTINE' })
      const second = await runDeviceLine({ folder: folder.path, resume: true })
      expect(decisionOf(second)).toMatchObject({ verdict: 'PASS', reason: 'complete' })
      if (place > 2) expect(decisionOf(second).unit).toBe(before?.unit)
      const corim = decodeCorim(readFileSync(join(second.results, 'order-1.corim')))
      const kinds = [...readPsaStatements(corim)].map(({ kind }) => kind)
      expect(kinds.filter((kind) => kind === 'trust-anchor')).toHaveLength(1)
      expect(journalOf(folder.path).at(-1)).toMatchObject({ type: 'close' })
    },
  )
})

describe('an order for boards without Matter', () => {
  it('is refused under policy production with an authority of simulated chips, whatever it calls it', async () => {
    await using folder = await temporaryFolder()
    await expect(loadDeviceOrder(folder.path, { policy: 'production' })).rejects.toMatchObject({
      findings: [{ rule: 'ORD-16', field: 'attestation.authorities.0' }],
    })
    const { chipAuthorities } = (await loadDeviceOrder(folder.path)).prepared
    const unmarked = chipAuthorities.map(({ certificate }) => ({ certificate, isSimulated: false }))
    expect(() => chipCertificates(unmarked, 'production')).toThrow(/ORD-16/)
  })

  it.each([
    ['a container in the application', { containerAddress: '0x08001000' }, 'lies in'],
    ['a container outside the flash', { containerAddress: '0x080FFFF0' }, 'lies outside'],
  ])('is refused with %s', async (_, change, message) => {
    await using folder = await temporaryFolder()
    const { deviceKey } = (await loadDeviceOrder(folder.path)).prepared.order
    const order = { deviceKey: { ...deviceKey, ...change } }
    await expect(loadDeviceOrder(folder.path, order)).rejects.toMatchObject({
      findings: [
        {
          rule: 'ORD-04',
          field: 'deviceKey.containerAddress',
          message: expect.stringContaining(message),
        },
      ],
    })
  })

  it('is refused where only Matter devices are made, with one reason', async () => {
    await using folder = await temporaryFolder()
    const path = await writeDeviceOrder(folder.path)
    const images = { application: { file: '', sha256: '', address: 0 } }
    const refused = loadOrder(path, { id: 'unused', quantity: 1, images })
    await expect(refused).rejects.toMatchObject({
      findings: [{ rule: 'ORD-05', field: 'platform', value: 'u3' }],
    })
  })

  it('is refused without the members that it needs, and with those of Matter', async () => {
    await using folder = await temporaryFolder()
    const refused = loadDeviceOrder(folder.path, { deviceKey: undefined, product: {} })
    await expect(refused).rejects.toThrow(/ORD-01.*\n?.*deviceKey[^]*ORD-01/)
  })
})
