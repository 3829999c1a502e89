import { lifecycleState, worstTier, type Tier, type TokenClaims } from '@keyline/eat'
import type { KeyOrigin } from '../authenticate/choose-key.ts'
import type { ReferenceSet } from '../store/reference-set.ts'
import { matchComponents, type ComponentMatch } from './components.ts'
import type { AppraisalSettings } from './settings.ts'
import { TrustValue, type FullTrustVector } from './trust-value.ts'

/** What authentic evidence says of a device. */
export interface DeviceAppraisal {
  readonly claims: TokenClaims
  readonly origin: KeyOrigin
  readonly vector: FullTrustVector
  /** The worst tier of the vector. */
  readonly status: Tier
  readonly components: readonly ComponentMatch[]
  readonly warnings: readonly string[]
}

export interface AppraisalInput {
  readonly claims: TokenClaims
  readonly origin: KeyOrigin
  readonly warnings: readonly string[]
  readonly references: ReferenceSet
  readonly settings?: AppraisalSettings | undefined
}

/** Judges claims that are proven, by the rules of chapter 7. Not for evidence that was refused (V26). */
export function appraise(input: AppraisalInput): DeviceAppraisal {
  const { claims, origin, references, warnings, settings = {} } = input
  const components = matchComponents(claims.softwareComponents, references, settings)
  const protection = isTrustworthy(claims.securityLifecycle, settings)
    ? TrustValue.affirming
    : TrustValue.contraindicated
  const isRecognised = origin.kind === 'registered' || origin.isAccepted
  const vector: FullTrustVector = {
    'instance-identity': isRecognised ? protection : TrustValue.unrecognisedInstance,
    configuration: TrustValue.noClaim,
    executables: isKnownSoftware(components, references, settings)
      ? TrustValue.affirming
      : TrustValue.unrecognisedSoftware,
    'file-system': TrustValue.noClaim,
    hardware: TrustValue.affirming,
    'runtime-opaque': protection,
    'storage-opaque': protection,
    'sourced-data': TrustValue.noClaim,
  }
  return { claims, origin, vector, status: worstTier(vector), components, warnings }
}

function isTrustworthy(lifecycle: number, { acceptDebug = true }: AppraisalSettings): boolean {
  const state = lifecycleState(lifecycle)
  if (state === undefined || !state.isProduction) return false
  return acceptDebug || state.name === 'secured'
}

/** Every component is known, and there is one; of a closed set, every reference value is met too. */
function isKnownSoftware(
  components: readonly ComponentMatch[],
  references: ReferenceSet,
  { requireAllReferences = false }: AppraisalSettings,
): boolean {
  if (components.length === 0) return false
  if (components.some(({ reference }) => reference === undefined)) return false
  if (!requireAllReferences) return true
  const met = new Set(components.map(({ reference }) => reference))
  return references.values.every((value) => met.has(value))
}
