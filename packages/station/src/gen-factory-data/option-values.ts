import type { MatterPlatform, Policy } from '@keyline/ledger/records'
import type { Cause } from './option-rules.ts'
import { optionEntries, type OptionEntry, type OptionName } from './option-table.ts'
import type { ReadWords } from './read-words.ts'

/** The options with their values understood; one whose value is wrong is given, but has no value here. */
export interface OptionValues {
  has(name: OptionName): boolean
  /** Given, and with a value that it takes. */
  isSound(name: OptionName): boolean
  text(name: OptionName): string | undefined
  number(name: OptionName): number | undefined
  readonly provisioning: 0 | 1 | undefined
  readonly security: 0 | 1 | 2 | undefined
  readonly platform: 'wba' | 'u5' | undefined
  readonly mode: 'test' | 'production' | undefined
  readonly profile: MatterPlatform | undefined
  readonly policy: Policy | undefined
  readonly verify: 'full' | 'fast' | 'none' | undefined
  readonly rdp: 0 | 1 | 2 | undefined
}

/** Which rule a value breaks that its option does not take; every other one breaks CLI-19. */
const ruleOfValue: Partial<Record<OptionName, Cause['rule']>> = {
  '--provisioning': 'CLI-02',
  '--mode': 'CLI-13',
  '--security': 'CLI-15',
  '--platform': 'CLI-16',
}

const mostJobs = 64

/** Understands each value for itself. `isFile` answers for the inputs. */
export function readValues(
  { given }: ReadWords,
  isFile: (path: string) => boolean,
): { readonly values: OptionValues; readonly causes: readonly Cause[] } {
  const causes: Cause[] = []
  const sound = new Map<OptionName, string>()
  for (const [option, value] of given) {
    const entry = optionEntries.get(option)
    if (entry === undefined) continue
    const problem = problemOf(entry, value, isFile)
    if (problem === undefined) sound.set(option, value)
    else
      causes.push({
        ...problem,
        rule: problem.rule ?? ruleOfValue[option] ?? 'CLI-19',
        option,
        value,
      })
  }
  const numberOf = (name: OptionName): number | undefined => {
    const text = sound.get(name)
    return text === undefined ? undefined : Number(text)
  }
  const values: OptionValues = {
    has: (name) => given.has(name),
    isSound: (name) => sound.has(name),
    text: (name) => sound.get(name),
    number: numberOf,
    provisioning: oneOf([0, 1], numberOf('--provisioning')),
    security: oneOf([0, 1, 2], numberOf('--security')),
    platform: platformOf(sound.get('--platform')),
    mode: oneOf(['test', 'production'], sound.get('--mode')),
    profile: oneOf(['wba', 'wb55', 'u5'], sound.get('--profile')),
    policy: oneOf(['test', 'production'], sound.get('--policy')),
    verify: oneOf(['full', 'fast', 'none'], sound.get('--verify')),
    rdp: oneOf([0, 1, 2], numberOf('--rdp')),
  }
  return { values, causes }
}

interface Problem {
  readonly rule?: Cause['rule']
  readonly message: string
}

function problemOf(
  { value: kind, word }: OptionEntry,
  value: string,
  isFile: (path: string) => boolean,
): Problem | undefined {
  switch (kind) {
    case 'none':
      return undefined
    case 'input':
      return value === word || isFile(value)
        ? undefined
        : { rule: 'CLI-06', message: 'does not exist' }
    case 'address':
      return isAddress(value) ? undefined : { rule: 'CLI-07', message: 'is no address of 32 bits' }
    case 'text':
    case 'path':
      return value === '' ? { message: 'is empty' } : undefined
    case 'seconds':
      return /^\d{1,5}$/.test(value) && Number(value) > 0
        ? undefined
        : { message: 'is no number of seconds' }
    case 'count':
      return /^\d{1,2}$/.test(value) && Number(value) > 0 && Number(value) <= mostJobs
        ? undefined
        : { message: `is no number from 1 to ${mostJobs}` }
    default:
      return kind.includes(value) ? undefined : { message: `is none of ${kind.join(', ')}` }
  }
}

function isAddress(text: string): boolean {
  return /^0x[0-9a-fA-F]{1,8}$/.test(text) || (/^\d+$/.test(text) && Number(text) < 2 ** 32)
}

function platformOf(text: string | undefined): 'wba' | 'u5' | undefined {
  if (text === undefined) return undefined
  return text === 'wba' || text === 'STM32WBA6' ? 'wba' : 'u5'
}

function oneOf<T extends string | number>(
  choices: readonly T[],
  value: string | number | undefined,
): T | undefined {
  return choices.find((choice) => choice === value)
}
