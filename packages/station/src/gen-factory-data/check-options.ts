import type { MatterPlatform } from '@keyline/ledger/records'
import { isInMemory, slotSizes } from './memory-map.ts'
import type { Cause, OptionRule } from './option-rules.ts'
import { isOptionName, type OptionName } from './option-table.ts'
import type { OptionValues } from './option-values.ts'

/** The columns of the truth table; `open` where the security level is no number of it. */
type Column = 'reconfigure' | 'wb55' | 'security-0' | 'secure' | 'open'

type Place = 'required' | 'without-effect'

/** Source: provisioning-station section 2.2. An option that is not named in a column is optional there. */
const truthTable: Readonly<Record<Column, Partial<Record<OptionName, Place>>>> = {
  reconfigure: {
    '--provisioning_script': 'without-effect',
    '--mode': 'without-effect',
    '--security': 'without-effect',
    '--platform': 'without-effect',
    '--flashMagicTrailer': 'without-effect',
    '--flashMagicTrailerAddr': 'without-effect',
  },
  wb55: {
    '--flashProvisioningFW': 'required',
    '--flashAppFW': 'required',
    '--AppFwAddr': 'required',
    '--provisioning_script': 'required',
    '--platform': 'without-effect',
    '--flashMagicTrailer': 'without-effect',
    '--flashMagicTrailerAddr': 'without-effect',
  },
  'security-0': {
    '--flashProvisioningFW': 'required',
    '--flashAppFW': 'required',
    '--AppFwAddr': 'required',
    '--provisioning_script': 'required',
    '--flashMagicTrailer': 'without-effect',
    '--flashMagicTrailerAddr': 'without-effect',
  },
  secure: {
    '--flashProvisioningFW': 'without-effect',
    '--flashAppFW': 'required',
    '--AppFwAddr': 'required',
    '--provisioning_script': 'required',
    '--flashMagicTrailer': 'required',
    '--flashMagicTrailerAddr': 'required',
  },
  open: {
    '--flashAppFW': 'required',
    '--AppFwAddr': 'required',
    '--provisioning_script': 'required',
  },
}

const ruleOfMissing: Partial<Record<OptionName, OptionRule>> = {
  '--flashProvisioningFW': 'CLI-08',
  '--provisioning_script': 'CLI-09',
  '--flashAppFW': 'CLI-10',
  '--AppFwAddr': 'CLI-11',
  '--flashMagicTrailer': 'CLI-18',
  '--flashMagicTrailerAddr': 'CLI-18',
}

const firmwares = ['--flashCoFW', '--flashProvisioningFW', '--flashAppFW'] as const
const addresses = ['--flashAddr', '--CoFwAddr', '--AppFwAddr', '--flashMagicTrailerAddr'] as const

/** Rules that look at more than one option. Source: provisioning-station sections 2.2, 2.3, 2.6 and 3.5. */
export function checkCombination(values: OptionValues): readonly Cause[] {
  const isPlatformOpen =
    values.provisioning === undefined ||
    (values.has('--platform') && values.platform === undefined) ||
    (values.has('--security') && values.security === undefined)
  const causes = [...checkInputs(values), ...checkIdentities(values)]
  if (values.provisioning === undefined) return causes
  causes.push(...checkColumn(values, columnOf(values)))
  if (values.provisioning === 1) causes.push(...checkPlatform(values))
  if (isPlatformOpen || causes.some(({ rule }) => leavesPlatformOpen.has(rule))) return causes
  return [...causes, ...checkAddresses(values)]
}

const leavesPlatformOpen: ReadonlySet<OptionRule> = new Set([
  'CLI-02',
  'CLI-14',
  'CLI-15',
  'CLI-16',
  'CLI-17',
])

function checkInputs(values: OptionValues): readonly Cause[] {
  const causes: Cause[] = []
  if (!values.has('--provisioning')) causes.push(missing('CLI-02', '--provisioning'))
  if (!values.has('--flashAddr')) causes.push(missing('CLI-03', '--flashAddr'))
  const isJson = values.has('--json')
  if (isJson && values.has('--binary')) {
    causes.push({ rule: 'CLI-04', option: '--binary', message: 'stands beside --json' })
  }
  if (!isJson && !values.has('--binary')) causes.push(missing('CLI-05', '--json'))
  if (values.has('--flashCoFW') && !values.has('--CoFwAddr')) {
    causes.push(missing('CLI-12', '--CoFwAddr'))
  }
  return causes
}

function checkIdentities(values: OptionValues): readonly Cause[] {
  if (!values.has('--same-identity')) return []
  const causes: Cause[] = []
  if (values.policy === 'production') causes.push(sameIdentity('is refused by policy production'))
  if (values.has('--batch')) causes.push(sameIdentity('stands beside --batch'))
  return causes
}

function columnOf(values: OptionValues): Column {
  if (values.provisioning === 0) return 'reconfigure'
  if (!values.has('--security')) return 'wb55'
  if (values.security === undefined) return 'open'
  return values.security === 0 ? 'security-0' : 'secure'
}

function checkColumn(values: OptionValues, column: Column): readonly Cause[] {
  const causes: Cause[] = []
  for (const [option, place] of entriesOf(truthTable[column])) {
    const rule = ruleOfMissing[option]
    if (place === 'required' && rule !== undefined && !values.has(option)) {
      causes.push(missing(rule, option))
    }
    if (place === 'without-effect' && values.isSound(option)) causes.push(withoutEffect(option))
  }
  if (column === 'wb55' && !values.has('--mode')) causes.push(missing('CLI-14', '--security'))
  const isBesideSecurity = column === 'security-0' || column === 'secure'
  if (isBesideSecurity && values.isSound('--mode')) {
    causes.push({ rule: 'CLI-W1', option: '--mode', message: 'stands beside --security' })
  }
  if (column !== 'open' && values.isSound('--CoFwAddr') && !values.has('--flashCoFW')) {
    causes.push(withoutEffect('--CoFwAddr'))
  }
  return column === 'reconfigure' ? [...causes, ...checkReconfigure(values)] : causes
}

function checkReconfigure(values: OptionValues): readonly Cause[] {
  const causes: Cause[] = firmwares
    .filter((option) => values.has(option))
    .map((option) => ({ rule: 'CLI-W4', option, message: 'is programmed as well' }))
  const needsAddress = values.has('--flashProvisioningFW') || values.has('--flashAppFW')
  if (needsAddress && !values.has('--AppFwAddr')) causes.push(missing('CLI-11', '--AppFwAddr'))
  if (!needsAddress && values.isSound('--AppFwAddr')) causes.push(withoutEffect('--AppFwAddr'))
  return causes
}

function checkPlatform(values: OptionValues): readonly Cause[] {
  const { security, platform } = values
  if (security === undefined) return []
  if (security > 0 && !values.has('--platform')) return [missing('CLI-16', '--platform')]
  if (platform !== 'u5') return []
  if (security === 2) {
    return [{ rule: 'CLI-17', option: '--security', value: '2', message: 'is not that of u5' }]
  }
  if (security > 0) return []
  return [{ rule: 'CLI-W3', option: '--security', value: '0', message: 'is not described for u5' }]
}

/** Where an address is, and whether the trailer ends a slot. */
function checkAddresses(values: OptionValues): readonly Cause[] {
  const profile = profileOf(values)
  const causes: Cause[] = []
  for (const option of addresses) {
    const address = values.number(option)
    if (address === undefined || isInMemory(profile, address)) continue
    const message = `is not in the memory of ${profile}`
    causes.push({ rule: 'CLI-W5', option, value: values.text(option), message })
  }
  const start = values.number('--AppFwAddr')
  const trailer = values.number('--flashMagicTrailerAddr')
  const { security, platform, provisioning } = values
  if (provisioning === 0 || security === undefined || security === 0) return causes
  if (platform === undefined || start === undefined || trailer === undefined) return causes
  const sizes: readonly number[] = slotSizes[platform][security]
  if (sizes.includes(trailer + magicTrailerLength - start)) return causes
  const ends = sizes.map(
    (size) => `0x${(start + size - magicTrailerLength).toString(16).toUpperCase()}`,
  )
  causes.push({
    rule: 'CLI-W5',
    option: '--flashMagicTrailerAddr',
    value: values.text('--flashMagicTrailerAddr'),
    message: `does not end the slot of ${values.text('--AppFwAddr')}; ${ends.join(' or ')} would`,
  })
  return causes
}

export const magicTrailerLength = 16

/** The profile whose memory map decides. Source: provisioning-station section 3.5. */
export function profileOf(values: OptionValues): MatterPlatform {
  if (values.profile !== undefined) return values.profile
  if (values.provisioning === 1 && !values.has('--security')) return 'wb55'
  if (values.platform !== undefined) return values.platform
  const flashAddr = values.number('--flashAddr')
  return flashAddr !== undefined && flashAddr >= 0x9000_0000 ? 'wb55' : 'wba'
}

function entriesOf(
  column: Partial<Record<OptionName, Place>>,
): readonly (readonly [OptionName, Place])[] {
  return Object.entries(column).flatMap(([name, place]) =>
    place === undefined || !isOptionName(name) ? [] : [[name, place] as const],
  )
}

function missing(rule: OptionRule, option: OptionName): Cause {
  return { rule, option, message: 'is missing' }
}

function withoutEffect(option: OptionName): Cause {
  return { rule: 'CLI-W2', option, message: 'has no effect here' }
}

function sameIdentity(message: string): Cause {
  return { rule: 'CLI-20', option: '--same-identity', message }
}
