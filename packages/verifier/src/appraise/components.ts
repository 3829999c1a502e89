import { equalOctets } from '@keyline/bytes'
import type { PsaReferenceValue, SoftwareComponent } from '@keyline/eat'
import type { ReferenceSet } from '../store/reference-set.ts'
import type { AppraisalSettings } from './settings.ts'

/** A component of a token, and the reference value that it meets. */
export interface ComponentMatch {
  readonly component: SoftwareComponent
  /** Nothing when none is met. */
  readonly reference: PsaReferenceValue | undefined
}

/** A way in which a component differs from a reference value. */
export type Difference = 'digest' | 'name' | 'version' | 'signer'

/** Finds the reference value of each component: digest, name, version, and the signer where it is asked for. */
export function matchComponents(
  components: readonly SoftwareComponent[],
  references: ReferenceSet,
  { signerId = 'ignore' }: AppraisalSettings = {},
): readonly ComponentMatch[] {
  return components.map((component) => ({
    component,
    reference: references
      .withDigest(component.measurementValue)
      .find((value) => isMet(value, component, signerId === 'require')),
  }))
}

/** All ways in which a component differs from a reference value; none when it meets it. */
export function differencesOf(
  value: PsaReferenceValue,
  component: SoftwareComponent,
): readonly Difference[] {
  const { measurementType, measurementValue, version, signerId } = component
  const differences: Difference[] = []
  if (!value.digests.some((one) => equalOctets(one.value, measurementValue))) {
    differences.push('digest')
  }
  if (value.name !== undefined && value.name !== measurementType) differences.push('name')
  if (value.version !== undefined && value.version !== version) differences.push('version')
  if (!equalOctets(value.signerId, signerId)) differences.push('signer')
  return differences
}

function isMet(
  { name, version, signerId }: PsaReferenceValue,
  component: SoftwareComponent,
  isSignerAsked: boolean,
): boolean {
  return (
    (name === undefined || name === component.measurementType) &&
    (version === undefined || version === component.version) &&
    (!isSignerAsked || equalOctets(signerId, component.signerId))
  )
}
