import { isKeylineError } from '@keyline/bytes'
import { importCorim } from '@keyline/verifier'
import { describe, expect, it } from 'vitest'
import {
  deviceCorim,
  deviceTime,
  verifiedDevice,
} from '../../../../../test/support/verified-device.ts'
import { HandClock } from '../../testing/hand-clock.ts'
import { evidenceTypes } from '../media/evidence-type.ts'
import { RecordGuard } from '../record-guard.ts'
import { verifierSettings } from '../settings.ts'
import { MemoryRecord } from '../testing/memory-record.ts'
import { ForwardClock } from '../time/forward-clock.ts'
import { Appraiser, type Outcome } from './appraiser.ts'
import { Audit } from './audit.ts'

const log = {
  request: () => undefined,
  info: () => undefined,
  error: () => undefined,
  flush: () => undefined,
}

const sign = () => Promise.reject(new Error('the module was pulled out'))

describe('a signer that fails', () => {
  it('is no verdict: nothing is told of the device, not even to the log', async () => {
    const clock = new HandClock(deviceTime * 1000)
    const record = new MemoryRecord()
    const store = record.tenant('0')
    const device = verifiedDevice(1)
    await importCorim(deviceCorim([device]), store.trust, { time: deviceTime })
    const settings = verifierSettings.parse({})
    const audit = new Audit({ ...settings.audit, store: () => store, clock, log })
    const outcomes: Outcome[] = []
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: '',
      y: '',
      alg: 'ES256',
      kid: 'k',
      use: 'sig',
    } as const
    const appraiser = new Appraiser({
      guard: new RecordGuard(clock, { recordMs: 1_000, running: 64 }),
      audit,
      keys: { current: { signer: { algorithm: 'ES256', keyId: 'k', sign }, jwk } },
      time: new ForwardClock(clock),
      log,
      settings,
      count: (outcome) => outcomes.push(outcome),
    })
    const nonce = new Uint8Array(32).fill(1)
    const [type = { text: '' }] = evidenceTypes
    const judged = {
      store,
      type,
      evidence: await device.token({ nonce }),
      nonce,
      expiresAt: clock.now() + 1_000,
      sessionHash: '00',
      dialect: 'veraison-2023',
    } as const
    const error: unknown = await appraiser
      .appraise(judged, await appraiser.prepare(store, '0'))
      .catch((cause: unknown) => cause)
    expect(isKeylineError(error) && error.code).toBe('SERVER_UNAVAILABLE')
    expect(outcomes).toEqual(['could-not-check'])
    await audit.flush()
    const [kept] = await store.appraisals.list({ limit: 1 })
    expect([kept?.outcome, kept?.status, kept?.instanceId]).toEqual([
      'could-not-check',
      undefined,
      undefined,
    ])
  })
})
