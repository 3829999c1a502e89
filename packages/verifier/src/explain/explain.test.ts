import { describe, expect, it } from 'vitest'
import {
  deviceComponent,
  deviceSigner,
  referenceFor,
} from '../../../../test/support/verified-device.ts'
import { matchComponents } from '../appraise/components.ts'
import { ReferenceSet } from '../store/reference-set.ts'
import { describeComponent, explainComponents } from './explain.ts'

const references = new ReferenceSet([
  referenceFor(deviceComponent('BL', '2.1.0')),
  referenceFor(deviceComponent('BL', '2.0.0')),
  referenceFor(deviceComponent('App', '1.0.0')),
])

function explained(
  component: ReturnType<typeof deviceComponent>,
  set = references,
  signerId: 'ignore' | 'require' = 'ignore',
): string {
  const components = matchComponents([component], set, { signerId })
  return explainComponents({ components }, set).map(describeComponent).join()
}

describe('the explanation of a component', () => {
  const boot = deviceComponent('BL', '2.1.0')

  it('names the reference value that it meets', () => {
    expect(explained(boot)).toBe('component 0 (BL 2.1.0) matches BL 2.1.0')
  })

  it('names the nearest one, and in what it differs', () => {
    const other = { ...boot, measurementValue: deviceSigner, version: '2.0.0' }
    expect(explained(other)).toBe(
      'component 0 (BL 2.0.0) matches nothing; nearest is BL 2.0.0, which differs in digest',
    )
    expect(explained({ ...boot, measurementType: 'PRoT' })).toBe(
      'component 0 (PRoT 2.1.0) matches nothing; nearest is BL 2.1.0, which differs in name',
    )
    const unknown = { measurementValue: deviceSigner, signerId: boot.measurementValue }
    expect(explained(unknown)).toBe(
      'component 0 (unnamed) matches nothing; nearest is BL 2.1.0, which differs in digest, name, version, signer',
    )
  })

  it('names the signer where it is asked for', () => {
    const other = { ...boot, signerId: boot.measurementValue }
    expect(explained(other)).toBe('component 0 (BL 2.1.0) matches BL 2.1.0')
    expect(explained(other, references, 'require')).toBe(
      'component 0 (BL 2.1.0) matches nothing; nearest is BL 2.1.0, which differs in signer',
    )
  })

  it('says when there is nothing to compare with', () => {
    expect(explained(boot, new ReferenceSet([]))).toBe(
      'component 0 (BL 2.1.0) matches nothing: there are no reference values',
    )
  })
})
