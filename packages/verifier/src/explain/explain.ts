import type { PsaReferenceValue, SoftwareComponent } from '@keyline/eat'
import { differencesOf, type Difference } from '../appraise/components.ts'
import type { ReferenceSet } from '../store/reference-set.ts'
import type { JudgedAppraisal } from '../verdict/verdict.ts'

/** What became of one component of a token. */
export interface ComponentExplanation {
  /** Place in the token, from 0. */
  readonly index: number
  readonly component: SoftwareComponent
  /** The reference value that it meets. */
  readonly matched: PsaReferenceValue | undefined
  /** Without one: the reference value that differs least, and in what. */
  readonly nearest:
    | { readonly reference: PsaReferenceValue; readonly differences: readonly Difference[] }
    | undefined
}

/** Weight of a difference: a component is looked for by its name before its version, and those before the digest. */
const weights: Readonly<Record<Difference, number>> = { name: 8, digest: 4, version: 2, signer: 1 }

/** Says of each component which reference value it met, or which came nearest. */
export function explainComponents(
  { components }: Pick<JudgedAppraisal, 'components'>,
  references: ReferenceSet,
): readonly ComponentExplanation[] {
  return components.map(({ component, reference }, index) => ({
    index,
    component,
    matched: reference,
    nearest: reference === undefined ? nearestOf(component, references) : undefined,
  }))
}

/** One line a component, for people. */
export function describeComponent(explanation: ComponentExplanation): string {
  const { index, component, matched, nearest } = explanation
  const name = `component ${index} (${labelOf(component.measurementType, component.version)})`
  if (matched !== undefined) return `${name} matches ${labelOf(matched.name, matched.version)}`
  if (nearest === undefined) return `${name} matches nothing: there are no reference values`
  const { reference, differences } = nearest
  const what = differences.length === 0 ? 'signer' : differences.join(', ')
  return `${name} matches nothing; nearest is ${labelOf(reference.name, reference.version)}, which differs in ${what}`
}

function nearestOf(
  component: SoftwareComponent,
  { values }: ReferenceSet,
): ComponentExplanation['nearest'] {
  let nearest: ComponentExplanation['nearest']
  let least = Number.POSITIVE_INFINITY
  for (const reference of values) {
    const differences = differencesOf(reference, component)
    const distance = differences.reduce((sum, one) => sum + weights[one], 0)
    if (distance < least) {
      nearest = { reference, differences }
      least = distance
    }
  }
  return nearest
}

function labelOf(name: string | undefined, version: string | undefined): string {
  return [name ?? 'unnamed', version].filter((part) => part !== undefined).join(' ')
}
