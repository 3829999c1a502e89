import { describe, it } from 'vitest'
import '../../support/properties.ts'
import type { VerifierRecord } from '../../../packages/server/src/verifier/port.ts'
import { databaseKinds } from '../support/databases.ts'
import { deviceCases } from './cases/devices.ts'
import { endorsementCases } from './cases/endorsements.ts'
import { serviceCases } from './cases/service.ts'
import { sessionCases } from './cases/sessions.ts'
import { trustCases } from './cases/trust.ts'
import { AttestationBench } from './support.ts'

describe.each(databaseKinds)('the record of the verifier on $name', ({ name, create }) => {
  const bench = new AttestationBench(create(), `attestation ${name}`)
  bench.register()

  it('is the record that the service asks for', async () => {
    const asked: VerifierRecord = bench.record
    await asked.ping()
  })

  trustCases(bench)
  endorsementCases(bench)
  deviceCases(bench)
  sessionCases(bench)
  serviceCases(bench)
})
