/** What an option takes. */
export type OptionValue =
  /** A file that must exist. */
  | 'input'
  /** A file or folder that is made, or another path. */
  | 'path'
  /** A number of 32 bits. */
  | 'address'
  | 'text'
  | 'seconds'
  | 'count'
  /** One of a few words. */
  | readonly string[]
  /** The option takes no value. */
  | 'none'

export interface OptionEntry {
  readonly alias?: string
  readonly value: OptionValue
  /** Stands in place of a file. */
  readonly word?: string
  /** What stands for the value in the help. */
  readonly shown?: string
  readonly help: string
  /** Absent in genFactoryData.py: its rule about values is CLI-19. */
  readonly isOurs?: true
}

/**
 * Every option of genFactoryData in its original spelling, then those that Keyline adds.
 * Source: provisioning-station sections 2.1 and 2.5.
 */
export const optionTable = {
  '--provisioning': {
    value: ['0', '1'],
    help: '0 writes complete factory data, 1 provisions the board',
  },
  '--json': { value: 'input', help: 'factory data in JSON, or a work order' },
  '--binary': { value: 'input', help: 'factory data as an image' },
  '--flashAddr': { alias: '-fa', value: 'address', help: 'where the factory data go' },
  '--flashCoFW': { value: 'input', help: 'firmware of the coprocessor (STM32WB55)' },
  '--CoFwAddr': { alias: '-cofwa', value: 'address', help: 'address of --flashCoFW' },
  '--flashProvisioningFW': {
    value: 'input',
    help: 'provisioning firmware, programmed at --AppFwAddr',
  },
  '--flashAppFW': { value: 'input', help: 'operational firmware, programmed at --AppFwAddr' },
  '--AppFwAddr': { alias: '-afwa', value: 'address', help: 'address of both firmwares' },
  '--provisioning_script': {
    value: 'input',
    word: 'built-in',
    help: 'provisioning manager; "built-in" is that of this program',
  },
  '--mode': {
    value: ['test', 'production'],
    help: 'STM32WB55: whether the key of the device ends in flash or in secure storage',
  },
  '--security': {
    value: ['0', '1', '2'],
    help: 'STM32WBA6: 0 none, 1 OEMiRoT, 2 OEMiRoT with TF-M; STM32U5: 1',
  },
  '--platform': {
    value: ['wba', 'u5', 'STM32WBA6', 'STM32U575'],
    help: 'needed with --security 1 and 2',
  },
  '--flashMagicTrailer': { value: 'input', help: '16 octets that activate the update' },
  '--flashMagicTrailerAddr': { value: 'address', help: 'address of --flashMagicTrailer' },
  '--programmerPath': {
    alias: '-pp',
    value: 'path',
    help: 'STM32CubeProgrammer: its folder or its program; else KEYLINE_PROGRAMMER, PATH, its usual folder',
  },
  '--externalLoader': {
    alias: '-el',
    value: 'text',
    shown: 'NAME',
    help: 'loader of the external memory, by name or .stldr file',
  },
  '--verbose': { alias: '-v', value: 'none', help: 'tells more' },
  '--keep': { alias: '-k', value: 'none', help: 'keeps the image that was made of the JSON' },
  '--help': { alias: '-h', value: 'none', isOurs: true, help: 'prints this' },
  '--profile': {
    value: ['wba', 'wb55', 'u5'],
    isOurs: true,
    help: 'memory and factory data of the board, where the other options leave it open',
  },
  '--policy': {
    value: ['test', 'production'],
    isOurs: true,
    help: 'which credentials are allowed; test unless given',
  },
  '--boards': { value: 'text', shown: 'SN,…', isOurs: true, help: 'serial numbers of the probes' },
  '--jobs': { value: 'count', isOurs: true, help: 'boards at the same time, at most 64' },
  '--batch': { value: 'input', isOurs: true, help: 'one identity for each board' },
  '--journal': { value: 'path', isOurs: true, help: 'folder of the journal' },
  '--ledger': { value: 'text', shown: 'SPEC', isOurs: true, help: 'database of units' },
  '--dry-run': { value: 'none', isOurs: true, help: 'prints the plan and touches nothing' },
  '--json-log': { value: 'path', isOurs: true, help: 'events as JSON lines' },
  '--labels': { value: 'path', isOurs: true, help: 'folder of the labels' },
  '--issuer': {
    value: 'text',
    shown: 'SPEC',
    isOurs: true,
    help: 'where device certificates come from',
  },
  '--verify': {
    value: ['full', 'fast', 'none'],
    isOurs: true,
    help: 'how the programmer verifies; full unless given',
  },
  '--timeout-sync': {
    value: 'seconds',
    isOurs: true,
    help: 'wait for Start_provisioning; 30 unless given',
  },
  '--timeout-result': { value: 'seconds', isOurs: true, help: 'wait for finish; 30 unless given' },
  '--no-regression': {
    value: 'none',
    isOurs: true,
    help: 'leaves the regression script out: the board is clean already',
  },
  '--erase': { value: 'none', isOurs: true, help: 'erases the flash first' },
  '--read-back': { value: 'path', isOurs: true, help: 'keeps what was read back' },
  '--simulate': {
    value: 'text',
    shown: 'SPEC',
    isOurs: true,
    help: 'boards of a simulated bench: N, or N:FOLDER to keep them',
  },
  '--scripts': { value: 'path', isOurs: true, help: 'folder of the platform scripts' },
  '--rdp': {
    value: ['0', '1', '2'],
    isOurs: true,
    help: 'read-out protection, set last; 0 unless given',
  },
  '--allow-address': { value: 'none', isOurs: true, help: 'makes CLI-W5 a warning' },
  '--legacy-image': {
    value: 'none',
    isOurs: true,
    help: 'reads a --binary without end marker, as older tools made them',
  },
  '--same-identity': {
    value: 'none',
    isOurs: true,
    help: 'the same identity on all boards, for development',
  },
} as const satisfies Readonly<Record<`--${string}`, OptionEntry>>

export type OptionName = keyof typeof optionTable

/** The entries as the rules and the help go through them. */
export const optionEntries: ReadonlyMap<OptionName, OptionEntry> = new Map(
  Object.entries(optionTable).flatMap(([name, entry]) =>
    isOptionName(name) ? [[name, entry] as const] : [],
  ),
)

export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(optionTable, name)
}

/** The option that a word names, by its name or alias; nothing for an unknown one. */
export function optionNamed(word: string): OptionName | undefined {
  if (isOptionName(word)) return word
  for (const [name, { alias }] of optionEntries) if (alias === word) return name
  return undefined
}

/** The table as the text behind `--help`. */
export function optionHelp(): string {
  const rows = [...optionEntries].map(([name, entry]) => {
    const alias = entry.alias === undefined ? '' : `${entry.alias}, `
    return [`  ${alias}${name}${shownValue(entry)}`, entry.help] as const
  })
  const width = Math.max(...rows.map(([words]) => words.length))
  return rows.map(([words, help]) => `${words.padEnd(width)}  ${help}\n`).join('')
}

function shownValue({ value, shown }: OptionEntry): string {
  if (value === 'none') return ''
  if (shown !== undefined) return ` ${shown}`
  if (typeof value !== 'string') return ` ${value.join('|')}`
  return {
    input: ' FILE',
    path: ' PATH',
    address: ' ADDRESS',
    text: ' TEXT',
    seconds: ' S',
    count: ' N',
  }[value]
}
