import { describe, expect, it } from 'vitest'
import { flowOf, type FlowOrder } from './flows.ts'

const image = { file: 'image.bin', sha256: '0'.repeat(64), address: 0x0809_4000 }

/** Provisioning-station sections 5.2 to 5.5. */
const described: readonly (readonly [order: FlowOrder, steps: readonly string[]])[] = [
  [
    { platform: 'wba', security: 0 },
    [
      'check-port bind program-data program-provisioning start-provisioning exchange',
      'program-application start-application read-back attest',
    ],
  ],
  [
    { platform: 'wba', security: 1 },
    [
      'check-port bind run-regression run-provisioning program-data read-data',
      'start-provisioning exchange program-application program-trailer start-application',
      'await-update read-back attest',
    ],
  ],
  [
    { platform: 'u5', security: 1, rdp: 2, scripts: { regression: false } },
    [
      'check-port bind run-sbsfu-update program-data read-data start-provisioning exchange',
      'program-application program-trailer start-application await-update read-back attest protect',
    ],
  ],
  [
    {
      platform: 'wba',
      security: 2,
      rdp: 1,
      attestation: { required: true, tenant: '0', software: [{ signer: '0'.repeat(64) }] },
    },
    [
      'check-port bind run-regression run-provisioning program-data read-data',
      'start-provisioning exchange program-application program-trailer start-application',
      'await-update read-back attest initial-attestation protect',
    ],
  ],
  [
    {
      platform: 'wb55',
      security: 0,
      erase: true,
      images: { application: image, coprocessor: image },
    },
    [
      'check-port bind erase coprocessor-start coprocessor-upgrade coprocessor-option-bytes',
      'program-data program-provisioning start-provisioning exchange program-application',
      'start-application read-back attest',
    ],
  ],
  [
    {
      platform: 'wba',
      security: 0,
      exchange: 'none',
      secureElement: { part: 'stsafe-a120' },
      rdp: 1,
    },
    [
      'bind identify-element program-data program-provisioning start-provisioning exchange',
      'check-element program-application start-application read-back provision-element protect',
    ],
  ],
]

function evidenceOf(attestation: FlowOrder['attestation']) {
  return flowOf({ platform: 'wba', security: 2, attestation })?.evidence.map(({ kind }) => kind)
}

describe('the evidence of an order', () => {
  it('has an attestation key exactly where the order demands one', () => {
    const wanted = { tenant: '0', software: [{ signer: '0'.repeat(64) }] }
    expect(evidenceOf({ ...wanted, required: true })).toContain('attestation-key')
    expect(evidenceOf({ ...wanted, required: false })).not.toContain('attestation-key')
    expect(evidenceOf(undefined)).not.toContain('attestation-key')
  })
})

describe('the steps of an order', () => {
  it.each(described)('of %o are those of the specification', (order, steps) => {
    const flow = flowOf(order)
    expect(flow?.steps.map(({ name }) => name).join(' ')).toBe(steps.join(' '))
    expect(flow?.steps).toContain(flow?.afterExchange)
  })

  it('are none for a platform without such a level', () => {
    expect(flowOf({ platform: 'u5', security: 2 })).toBeUndefined()
    expect(flowOf({ platform: 'wb55', security: 1 })).toBeUndefined()
  })

  it('begin with what only asks, and end with what nothing can undo', () => {
    for (const [order] of described) {
      const steps = flowOf(order)?.steps ?? []
      const marks = steps.map((step) =>
        step.isAsking === true ? 'a' : step.isIrreversible === undefined ? 'c' : 'i',
      )
      expect(marks.join('')).toMatch(/^a+c+i*$/)
    }
  })
})
