import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { LedgerLocation } from '@keyline/ledger'
import type { AttestationRecord } from '@keyline/ledger/attestation'
import { importCorim, verifyEvidence } from '@keyline/verifier'
import type { VerifierRecord } from '../../../packages/server/src/verifier/port.ts'
import {
  deviceCorim,
  deviceImplementation,
  deviceNonce as nonce,
  deviceTime as time,
  verifiedDevice,
} from '../../support/verified-device.ts'
import { openRecord } from '../support/attestation.ts'
import { databaseKinds } from '../support/databases.ts'

const one = verifiedDevice(1)
const two = verifiedDevice(2)

describe.each(databaseKinds)('the record of the verifier on $name', ({ create }) => {
  const databases = create()
  let location: LedgerLocation
  let record: AttestationRecord

  beforeAll(() => databases.start())
  afterAll(() => databases.stop())
  beforeEach(async () => {
    location = await databases.fresh()
    record = await openRecord(location)
    return () => record.close()
  })

  it('is the record that the service asks for', async () => {
    const asked: VerifierRecord = record
    await asked.ping()
  })

  it('verifies a device that was imported, and refuses one that was not', async () => {
    const { trust, endorsements } = record.tenant('0')
    const report = await importCorim(deviceCorim([one]), endorsements, { time })
    expect(report.trustAnchors).toEqual({ added: 1, present: 0, replaced: 0 })
    const outcomeOf = async (device: typeof one) => {
      const { outcome } = await verifyEvidence(await device.token(), { store: trust, nonce, time })
      return outcome
    }
    expect(await outcomeOf(one)).toBe('genuine')
    expect(await outcomeOf(two)).toBe('contraindicated')
    expect(await trust.findAnchor(deviceImplementation, one.instanceId)).toMatchObject({
      state: 'active',
      key: { type: 'ec', curve: 'P-256', point: one.publicKey.octets },
    })
  })
})
