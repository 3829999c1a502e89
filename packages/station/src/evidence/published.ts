import { checkFactoryData, type FactoryData, type FactoryDataProfile } from '@keyline/matter'

/** Whether the certificates of a set are published ones, whose private keys everybody has. */
export async function arePublished(
  data: FactoryData,
  profile: FactoryDataProfile,
): Promise<boolean> {
  const findings = await checkFactoryData(data, {
    profile,
    mode: 'reconfigure',
    policy: 'production',
    proofs: 'skip',
  })
  return findings.some(
    ({ rule, field }) =>
      rule === 'FD-011' &&
      (field === 'DEVICE_ATTESTATION_CERTIFICATE' || field === 'PAI_CERTIFICATE'),
  )
}
