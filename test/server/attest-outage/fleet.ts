import { systemClock } from '@keyline/bytes'
import type { VerifierRecord } from '@keyline/server'
import { importCorim, psaScheme } from '@keyline/verifier'
import type { Draw } from '../../support/draw.ts'
import { deviceCorim, verifiedDevice, type VerifiedDevice } from '../../support/verified-device.ts'

/** What a verifier must find of a device, whatever happens to its record. */
export type Truth = 'genuine' | 'revoked' | 'unknown'

export interface FleetDevice {
  readonly truth: Truth
  readonly device: VerifiedDevice
}

/** The policy that is active; results of what it has judged name it. */
export const fleetPolicy = '5a2d1c40-0000-4000-8000-00000000f1ee'

const truths = ['genuine', 'revoked', 'unknown'] as const satisfies readonly Truth[]

const rules = JSON.stringify({
  rules: [{ when: 'true', set: { added_claims: { fleet: 'tried' } } }],
})

/** Devices of which the truth is known before. */
export class Fleet {
  readonly devices: readonly FleetDevice[]

  /** @param each devices of each truth */
  constructor(each: number) {
    this.devices = truths.flatMap((truth, kind) =>
      Array.from({ length: each }, (_, index) => ({
        truth,
        device: verifiedDevice(10_000 * (kind + 1) + index),
      })),
    )
  }

  of(truth: Truth): readonly VerifiedDevice[] {
    return this.devices.filter((one) => one.truth === truth).map(({ device }) => device)
  }

  pick(draw: Draw): FleetDevice {
    return draw.pick(this.devices)
  }

  /** Enters what a record must know of it. */
  async enter(record: VerifierRecord): Promise<void> {
    const { endorsements, policies } = record.tenant('0')
    const time = Math.trunc(systemClock.now() / 1000)
    const known = [...this.of('genuine'), ...this.of('revoked')]
    await importCorim(deviceCorim(known), endorsements, { time })
    for (const { instanceId } of this.of('revoked')) {
      await endorsements.setState(instanceId, 'revoked')
    }
    const type = 'application/vnd.keyline.policy+json'
    const policy = { uuid: fleetPolicy, scheme: psaScheme, name: 'fleet', type, rules }
    await policies.add({ ...policy, createdAt: systemClock.now() })
    await policies.activate(psaScheme, fleetPolicy, 'test')
  }
}
