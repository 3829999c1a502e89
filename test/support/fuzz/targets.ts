import { bytesTargets } from './bytes-targets.ts'
import { matterTargets } from './matter-targets.ts'
import type { FuzzTarget } from './target.ts'
import { x509Targets } from './x509-targets.ts'

/** Every decoder that reads what somebody else wrote. */
export const fuzzTargets: readonly FuzzTarget[] = [
  ...bytesTargets,
  ...x509Targets,
  ...matterTargets,
]
