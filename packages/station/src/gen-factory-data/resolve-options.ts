import { hasErrors, type Finding } from '@keyline/bytes'
import { checkCombination, profileOf } from './check-options.ts'
import { findingsOf, type Cause } from './option-rules.ts'
import { readValues, type OptionValues } from './option-values.ts'
import { readWords } from './read-words.ts'
import type { RunOptions } from './run-options.ts'

export interface ResolvedOptions {
  /** One for each broken rule, in ascending order. */
  readonly findings: readonly Finding[]
  /** There exactly when no finding is an error. */
  readonly options: RunOptions | undefined
}

/** Limit of the serial dialogue unless another is given. Source: provisioning-station section 6.3. */
const dialogueSeconds = 30

/**
 * Reads a command line of genFactoryData and evaluates every rule of it, before anything is touched.
 * @param words what stands behind the program's name
 * @param isFile whether a path that an option names is a file
 */
export function resolveOptions(
  words: readonly string[],
  isFile: (path: string) => boolean,
): ResolvedOptions {
  const read = readWords(words)
  const { values, causes } = readValues(read, isFile)
  const all = [...read.causes, ...causes, ...checkCombination(values), ...warnings(values)]
  const findings = findingsOf(all, values.has('--allow-address'))
  return { findings, options: hasErrors(findings) ? undefined : optionsOf(values) }
}

function warnings(values: OptionValues): readonly Cause[] {
  if (!values.has('--same-identity') || values.policy === 'production') return []
  return [{ rule: 'CLI-W6', option: '--same-identity', message: 'makes copies' }]
}

function optionsOf(values: OptionValues): RunOptions | undefined {
  const { provisioning } = values
  const flashAddr = values.number('--flashAddr')
  const json = values.text('--json')
  const path = json ?? values.text('--binary')
  if (provisioning === undefined || flashAddr === undefined || path === undefined) return undefined
  return {
    provisioning,
    data: { kind: json === undefined ? 'binary' : 'json', path },
    flashAddr,
    security: values.security,
    platform: values.platform,
    mode: values.mode,
    appFwAddr: values.number('--AppFwAddr'),
    coFwAddr: values.number('--CoFwAddr'),
    magicTrailerAddr: values.number('--flashMagicTrailerAddr'),
    verbose: values.has('--verbose'),
    keep: values.has('--keep'),
    files: {
      coprocessor: values.text('--flashCoFW'),
      provisioning: values.text('--flashProvisioningFW'),
      application: values.text('--flashAppFW'),
      magicTrailer: values.text('--flashMagicTrailer'),
      manager: values.text('--provisioning_script'),
      batch: values.text('--batch'),
    },
    profile: profileOf(values),
    policy: values.policy ?? 'test',
    programmerPath: values.text('--programmerPath'),
    externalLoader: values.text('--externalLoader'),
    boards: values.text('--boards')?.split(','),
    jobs: values.number('--jobs') ?? 64,
    journal: values.text('--journal'),
    ledger: values.text('--ledger'),
    dryRun: values.has('--dry-run'),
    jsonLog: values.text('--json-log'),
    labels: values.text('--labels'),
    issuer: values.text('--issuer'),
    verify: values.verify ?? 'full',
    syncTimeoutMs: (values.number('--timeout-sync') ?? dialogueSeconds) * 1000,
    resultTimeoutMs: (values.number('--timeout-result') ?? dialogueSeconds) * 1000,
    regression: !values.has('--no-regression'),
    erase: values.has('--erase'),
    readBack: values.text('--read-back'),
    simulate: values.text('--simulate'),
    scripts: values.text('--scripts'),
    rdp: values.rdp ?? 0,
    legacyImage: values.has('--legacy-image'),
    sameIdentity: values.has('--same-identity'),
  }
}
