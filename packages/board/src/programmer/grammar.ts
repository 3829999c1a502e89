import type { ConnectOperation, Operation, PlainCommand } from './operation.ts'

/** A command line that the programmer refuses, with the reason that it prints. */
export class GrammarRefusal extends Error {}

/** The words behind a command word, taken one by one. */
class Words {
  readonly #words: readonly string[]
  #next = 0

  constructor(words: readonly string[]) {
    this.#words = words
  }

  get isEmpty(): boolean {
    return this.#next >= this.#words.length
  }

  take(): string {
    return this.#words[this.#next++] ?? ''
  }

  /** The next word when it belongs to the command before it. */
  argument(): string | undefined {
    const word = this.#words[this.#next]
    if (word === undefined || word.startsWith('-')) return undefined
    this.#next++
    return word
  }

  /** All words up to the next command. */
  arguments(): readonly string[] {
    const taken: string[] = []
    for (let word = this.argument(); word !== undefined; word = this.argument()) taken.push(word)
    return taken
  }

  text(what: string): string {
    const word = this.argument()
    if (word === undefined) throw new GrammarRefusal(`${what} is missing`)
    return word
  }

  number(what: string): number {
    return numberOf(this.text(what), what)
  }
}

interface Command {
  readonly words: readonly string[]
  /** False: works without a connection. */
  readonly needsTarget: boolean
  readonly read: (words: Words, word: string) => Operation
}

const connectModes = new Set(['NORMAL', 'UR', 'HOTPLUG', 'POWERDOWN', 'HWRSTPULSE'])
/** Images that carry their addresses. */
const addressed = /\.(hex|elf|srec|s19)$/i

const plain = (cmd: PlainCommand, ...words: readonly string[]): Command => ({
  words,
  needsTarget: !['version', 'quiet', 'assent'].includes(cmd),
  read: () => ({ cmd }),
})

/** The commands of provisioning-station section 4.1; words without their dashes, in lower case. */
const commands: readonly Command[] = [
  {
    words: ['l', 'list'],
    needsTarget: false,
    read: (words) => {
      const what = words.argument()
      return what === undefined ? { cmd: 'list' } : { cmd: 'list', what }
    },
  },
  { words: ['c', 'connect'], needsTarget: false, read: readConnect },
  { words: ['d', 'w', 'download', 'write'], needsTarget: true, read: readDownload },
  {
    words: ['w8', 'w16', 'w32', 'w64'],
    needsTarget: true,
    read: (words, word) => ({
      cmd: 'write',
      width: Number(word.slice(1)),
      address: words.number('the address'),
      values: atLeastOne(words.arguments().map((value) => numberOf(value, 'a value'))),
    }),
  },
  {
    words: ['u', 'r', 'upload', 'read'],
    needsTarget: true,
    read: (words) => ({
      cmd: 'upload',
      address: words.number('the address'),
      size: words.number('the size'),
      file: words.text('the file'),
    }),
  },
  {
    words: ['r8', 'r16', 'r32'],
    needsTarget: true,
    read: (words, word) => ({
      cmd: 'read',
      width: Number(word.slice(1)),
      address: words.number('the address'),
      size: words.number('the size'),
    }),
  },
  { words: ['e', 'erase'], needsTarget: true, read: readErase },
  {
    words: ['el', 'extload'],
    needsTarget: true,
    read: (words) => ({ cmd: 'externalLoader', file: words.text('the loader') }),
  },
  { words: ['ob', 'optionbytes'], needsTarget: true, read: readOptionBytes },
  {
    words: ['lockrdp1', 'lockrdp2', 'unlockrdp1', 'unlockrdp2'],
    needsTarget: true,
    read: (words, word) => ({
      cmd: lockCommands[word] ?? 'lockRdp1',
      key: atLeastOne(words.arguments().filter((key) => numberOf(key, 'a key word') >= 0)),
    }),
  },
  { words: ['fwupgrade'], needsTarget: true, read: readUpgrade },
  {
    words: ['wusrkey'],
    needsTarget: true,
    read: (words) => {
      const file = words.text('the key file')
      const { keytype } = settingsOf(words.arguments())
      if (keytype === undefined) throw new GrammarRefusal('keytype is missing')
      return { cmd: 'userKey', file, keytype: numberOf(keytype, 'keytype') }
    },
  },
  { words: ['rssekw'], needsTarget: true, read: readWrappedKeyExport },
  {
    words: ['s', 'g', 'start', 'go', 'run'],
    needsTarget: true,
    read: (words) => {
      const address = words.argument()
      if (address === undefined) return { cmd: 'run' }
      return { cmd: 'run', address: numberOf(address, 'the address') }
    },
  },
  {
    words: ['vb', 'verbosity'],
    needsTarget: false,
    read: (words) => ({ cmd: 'verbosity', level: words.number('the level') }),
  },
  {
    words: ['log'],
    needsTarget: false,
    read: (words) => ({ cmd: 'log', file: words.argument() }),
  },
  plain('version', 'version'),
  plain('skipErase', 'skiperase'),
  plain('readUnprotect', 'rdu', 'readunprotect'),
  plain('reset', 'rst'),
  plain('hardReset', 'hardrst'),
  plain('halt', 'halt'),
  plain('startFus', 'startfus'),
  plain('startWirelessStack', 'startwirelessstack'),
  plain('firmwareDelete', 'fwdelete'),
  plain('fusState', 'fusgetstate'),
  plain('fusVersion', 'fusopgetversion'),
  plain('uid64', 'getuid64'),
  plain('quiet', 'q', 'quietmode'),
  plain('assent', 'y'),
]

const lockCommands: Readonly<
  Record<string, 'lockRdp1' | 'lockRdp2' | 'unlockRdp1' | 'unlockRdp2' | undefined>
> = {
  lockrdp1: 'lockRdp1',
  lockrdp2: 'lockRdp2',
  unlockrdp1: 'unlockRdp1',
  unlockrdp2: 'unlockRdp2',
}

const commandOf = new Map(
  commands.flatMap((command) => command.words.map((word) => [word, command])),
)

/** Reads a command line of the programmer. @throws GrammarRefusal */
export function parseProgrammerCommand(argv: readonly string[]): readonly Operation[] {
  const words = new Words(argv.flatMap(splitWord))
  const operations: Operation[] = []
  let isConnected = false
  while (!words.isEmpty) {
    const word = words.take()
    const name = word.replace(/^--?/, '').toLowerCase()
    if (!word.startsWith('-')) throw new GrammarRefusal(`${word} is not a command`)
    if (name === 'v' || name === 'verify') {
      operations.push(readVerify(words, operations))
      continue
    }
    const command = commandOf.get(name)
    if (command === undefined) throw new GrammarRefusal(`unknown command ${word}`)
    if (command.needsTarget && !isConnected) throw new GrammarRefusal(`${word} needs -c before it`)
    const operation = command.read(words, name)
    isConnected ||= operation.cmd === 'connect'
    operations.push(operation)
  }
  return operations
}

/** A word that begins with a dash and has blanks stands for several. */
function splitWord(word: string): readonly string[] {
  return word.startsWith('-') && word.includes(' ') ? word.trim().split(/\s+/) : [word]
}

function readVerify(words: Words, before: readonly Operation[]): Operation {
  const isPrograming = before.some(({ cmd }) => cmd === 'download' || cmd === 'firmwareUpgrade')
  if (!isPrograming) throw new GrammarRefusal('verify without download')
  if (words.argument()?.toLowerCase() === 'fast') return { cmd: 'verify', fast: true }
  return { cmd: 'verify' }
}

function readConnect(words: Words): ConnectOperation {
  const { port, ...settings } = settingsOf(words.arguments())
  if (port === undefined) throw new GrammarRefusal('the port is missing')
  const { mode } = settings
  if (mode !== undefined && !connectModes.has(mode.toUpperCase())) {
    throw new GrammarRefusal(`unknown connect mode ${mode}`)
  }
  return { cmd: 'connect', port, ...settings }
}

function readDownload(words: Words): Operation {
  const file = words.text('the file')
  const address = words.argument()
  if (address !== undefined) {
    if (words.argument() === undefined) {
      return { cmd: 'download', file, address: numberOf(address, 'the address') }
    }
    throw new GrammarRefusal('incremental downloads are not simulated')
  }
  if (addressed.test(file)) return { cmd: 'download', file }
  throw new GrammarRefusal('binary file without address')
}

function readErase(words: Words): Operation {
  const codes = words
    .arguments()
    .flatMap((code) => code.replaceAll(/[[\]]/g, ' ').trim().split(/\s+/))
  const [first, last = first] = codes
  if (first === undefined) throw new GrammarRefusal('all or sector codes are missing')
  if (first.toLowerCase() === 'all') return { cmd: 'erase', all: true }
  return {
    cmd: 'erase',
    from: numberOf(first, 'a sector code'),
    to: numberOf(last ?? first, 'a sector code'),
  }
}

function readOptionBytes(words: Words): Operation {
  const given = words.arguments()
  const [first = ''] = given
  if (first.toLowerCase() === 'displ') return { cmd: 'optionBytesDisplay' }
  if (first.toLowerCase() === 'unlockchip') return { cmd: 'optionBytesUnlock' }
  const values = Object.entries(settingsOf(atLeastOne(given))).map(
    ([name, value]) => [name, numberOf(value ?? '', name)] as const,
  )
  return { cmd: 'optionBytes', values: Object.fromEntries(values) }
}

/** Files first, `name=value` behind them; of three files the one in the middle is a user key. */
function readWrappedKeyExport(words: Words): Operation {
  const given = words.arguments()
  const end = given.findIndex((word) => word.includes('='))
  const files = end === -1 ? given : given.slice(0, end)
  const parameters = end === -1 ? [] : given.slice(end)
  const [service, ...others] = files
  const output = others.at(-1)
  if (service === undefined) throw new GrammarRefusal('the RSSe-KW binary is missing')
  if (output === undefined) throw new GrammarRefusal('the output file is missing')
  if (others.length > 2) throw new GrammarRefusal('too many files')
  const userKey = others.length === 2 ? others[0] : undefined
  const operation = { cmd: 'wrappedKeyExport', service, output, parameters } as const
  return userKey === undefined ? operation : { ...operation, userKey }
}

function readUpgrade(words: Words): Operation {
  const file = words.text('the file')
  const address = words.number('the address')
  const settings = settingsOf(words.arguments())
  const flagOf = (name: string): Readonly<Record<string, number>> => {
    const value = settings[name]
    return value === undefined ? {} : { [name]: numberOf(value, name) }
  }
  return {
    cmd: 'firmwareUpgrade',
    file,
    address,
    ...flagOf('firstinstall'),
    ...flagOf('startstack'),
  }
}

function settingsOf(words: readonly string[]): Readonly<Record<string, string | undefined>> {
  const settings: Record<string, string> = {}
  for (const word of words) {
    const [name, value] = /^([^=]+)=(.*)$/s.exec(word)?.slice(1) ?? []
    if (name !== undefined && value !== undefined) settings[name] = value
    else if (word.toLowerCase() === 'shared') settings['shared'] = ''
    else throw new GrammarRefusal(`${word} is not NAME=VALUE`)
  }
  return settings
}

function atLeastOne<T>(values: readonly T[]): readonly T[] {
  if (values.length > 0) return values
  throw new GrammarRefusal('a value is missing')
}

function numberOf(text: string, what: string): number {
  if (/^(0x[0-9a-f]{1,16}|\d{1,15})$/i.test(text)) return Number(text)
  throw new GrammarRefusal(`${what} is not a number: ${text}`)
}
