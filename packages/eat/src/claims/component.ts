import { isCborMap, type CborMap, type CborValue } from '../cbor/value.ts'
import { cborMap } from '../cbor/value.ts'
import type { ClaimEntry, SoftwareComponent } from './claim.ts'
import { problemOf } from './form.ts'
import { componentClaims } from './profile.ts'

/** What is wrong with one field of a component, or with all of it. */
export interface ComponentProblem {
  readonly claim: ClaimEntry<keyof SoftwareComponent> | undefined
  readonly value: CborValue | undefined
  readonly message: string
}

export interface ComponentReading {
  /** Complete only without a problem. */
  readonly component: SoftwareComponent
  readonly problems: readonly ComponentProblem[]
}

/** One software component; fields that are not known are ignored. */
export function readComponent(item: CborValue): ComponentReading {
  const record: Partial<Record<keyof SoftwareComponent, unknown>> = {}
  const problems: ComponentProblem[] = []
  if (isCborMap(item)) {
    for (const claim of componentClaims) {
      const value = item.get(claim.key)
      const problem = problemOf(claim, value)
      if (problem !== undefined) problems.push({ claim, value, message: problem.message })
      else if (value !== undefined) record[claim.name] = value
    }
  } else {
    problems.push({ claim: undefined, value: item, message: 'a component must be a map' })
  }
  // Each field was read by the form of its own row, and none counts while there is a problem.
  return { component: record as SoftwareComponent, problems }
}

/** Fields in the order of their keys. */
export function componentToCbor(component: SoftwareComponent): CborMap {
  return cborMap(...componentClaims.map(({ key, name }) => [key, component[name]] as const))
}
