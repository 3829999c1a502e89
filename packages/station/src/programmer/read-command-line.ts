import { connectModes, needsNoTarget, plainCommands, type Command } from './command.ts'

export type ReadCommandLine =
  | { readonly ok: true; readonly commands: readonly Command[] }
  | { readonly ok: false; readonly error: string }

/**
 * Takes the words of a call of STM32_Programmer_CLI apart. Commands are written in any case;
 * a word that begins with `-` and holds blanks counts as several. Source: provisioning-station section 4.1.
 */
export function readCommandLine(argv: readonly string[]): ReadCommandLine {
  const words = argv.flatMap((word) =>
    word.startsWith('-') ? word.split(' ').filter((part) => part !== '') : [word],
  )
  const commands: Command[] = []
  let at = 0
  while (at < words.length) {
    const word = words[at] ?? ''
    let end = at + 1
    while (end < words.length && words[end]?.startsWith('-') === false) end += 1
    const command = readCommand(word, words.slice(at + 1, end))
    if (typeof command === 'string') return { ok: false, error: command }
    commands.push(command)
    at = end
  }
  const error = checkOrder(commands)
  return error === undefined ? { ok: true, commands } : { ok: false, error }
}

function checkOrder(commands: readonly Command[]): string | undefined {
  const connectAt = commands.findIndex(({ cmd }) => cmd === 'connect')
  const programs = commands.some(({ cmd }) => cmd === 'download' || cmd === 'firmwareUpgrade')
  for (const [index, { cmd }] of commands.entries()) {
    const isConnected = connectAt >= 0 && connectAt < index
    if (!needsNoTarget.has(cmd) && !isConnected) return `${cmd} needs a target, but -c is missing`
    if (cmd === 'verify' && !programs) return 'nothing was downloaded that could be verified'
  }
  return undefined
}

/** A command with the words behind it; a text says what is wrong with them. */
type Reader = (args: readonly string[]) => Command | string

function readCommand(word: string, args: readonly string[]): Command | string {
  const name = word.replace(/^--?/, '').toLowerCase()
  const reader = word.startsWith('-') ? readers.get(name) : undefined
  if (reader !== undefined) return reader(args)
  const plain = Object.entries(plainCommands).find(([own]) => own === name)?.[1]
  if (plain === undefined || !word.startsWith('-')) return `${word} is no command`
  return args.length === 0 ? { cmd: plain } : `${word} takes no argument`
}

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ...named(['l', 'list'], ([what, ...more]) => {
    if (more.length > 0) return 'too many interfaces to list'
    return what === undefined ? { cmd: 'list' } : { cmd: 'list', what }
  }),
  ...named(['c', 'connect'], readConnect),
  ...named(['d', 'w', 'download'], readDownload),
  ...named(['v', 'verify'], ([how, ...more]) => {
    if (how === undefined) return { cmd: 'verify' }
    if (how.toLowerCase() !== 'fast' || more.length > 0) return `unknown verification ${how}`
    return { cmd: 'verify', fast: true }
  }),
  ...named(['u', 'r', 'upload'], ([address, size, file, ...more]) => {
    const numbers = numbersOf([address, size])
    if (numbers === undefined || file === undefined || more.length > 0) {
      return 'an upload has an address, a size and a file'
    }
    const [from = 0, length = 0] = numbers
    return { cmd: 'upload', address: from, size: length, file }
  }),
  ...([8, 16, 32] as const).flatMap((width) => named([`r${width}`], readMemory(width))),
  ...([8, 16, 32, 64] as const).flatMap((width) => named([`w${width}`], writeMemory(width))),
  ...named(['e', 'erase'], readErase),
  ...named(
    ['el', 'extload'],
    readFile((file) => ({ cmd: 'externalLoader', file })),
  ),
  ...named(['ob'], readOptionBytes),
  ...named(['lockrdp1'], readKey('lockRdp1')),
  ...named(['lockrdp2'], readKey('lockRdp2')),
  ...named(['unlockrdp1'], readKey('unlockRdp1')),
  ...named(['unlockrdp2'], readKey('unlockRdp2')),
  ...named(['fwupgrade'], readUpgrade),
  ...named(
    ['authkeyupdate'],
    readFile((file) => ({ cmd: 'authKeyUpdate', file })),
  ),
  ...named(['wusrkey'], readUserKey),
  ...named(['s', 'g', 'start'], ([text, ...more]) => {
    if (text === undefined) return { cmd: 'start' }
    const address = numberOf(text)
    if (address === undefined || more.length > 0) return `${text} is no address to start at`
    return { cmd: 'start', address }
  }),
  ...named(['vb', 'verbosity'], ([text, ...more]) => {
    const level = numberOf(text)
    if (level === undefined || more.length > 0) return 'verbosity has a level'
    return { cmd: 'verbosity', level }
  }),
  ...named(['log'], ([file, ...more]) => {
    if (more.length > 0) return 'a log has one file'
    return file === undefined ? { cmd: 'log' } : { cmd: 'log', file }
  }),
])

function named(names: readonly string[], read: Reader): readonly (readonly [string, Reader])[] {
  return names.map((name) => [name, read] as const)
}

const connectKeys = ['sn', 'index', 'freq', 'ap', 'mode', 'reset', 'speed', 'br', 'P'] as const

function readConnect(args: readonly string[]): Command | string {
  const members = new Map<string, string>()
  let isShared = false
  for (const arg of args) {
    const [key = '', value] = arg.split('=', 2)
    const name = ['port', ...connectKeys].find((own) => own.toLowerCase() === key.toLowerCase())
    if (key.toLowerCase() === 'shared' && value === undefined) isShared = true
    else if (name === undefined || value === undefined || members.has(name)) {
      return `${arg} says nothing of a connection`
    } else members.set(name, value)
  }
  const port = members.get('port')
  if (port === undefined) return 'a connection has a port'
  const mode = members.get('mode')
  if (mode !== undefined && !connectModes.has(mode.toUpperCase())) {
    return `unknown connect mode ${mode}`
  }
  const given = connectKeys.flatMap((key) => {
    const value = members.get(key)
    return value === undefined ? [] : [[key, value] as const]
  })
  return {
    cmd: 'connect',
    port,
    ...Object.fromEntries(given),
    ...(isShared ? { shared: true } : {}),
  }
}

function readDownload([file, ...rest]: readonly string[]): Command | string {
  if (file === undefined) return 'a download has a file'
  const isIncremental = rest.at(-1)?.toLowerCase() === 'incremental'
  const [text, ...more] = isIncremental ? rest.slice(0, -1) : rest
  const address = numberOf(text)
  if (more.length > 0 || (text !== undefined && address === undefined)) {
    return `${rest.join(' ')} is no address of a download`
  }
  if (address === undefined && file.toLowerCase().endsWith('.bin')) {
    return `the binary ${file} has no address`
  }
  return {
    cmd: 'download',
    file,
    ...(address === undefined ? {} : { address }),
    ...(isIncremental ? { incremental: true } : {}),
  }
}

function readMemory(width: 8 | 16 | 32): Reader {
  return (args) => {
    const [address, size, ...more] = numbersOf(args) ?? []
    if (address === undefined || size === undefined || more.length > 0) {
      return `-r${width} has an address and a size`
    }
    return { cmd: 'read', width, address, size }
  }
}

function writeMemory(width: 8 | 16 | 32 | 64): Reader {
  return (args) => {
    const [address, ...values] = numbersOf(args) ?? []
    if (address === undefined || values.length === 0) return `-w${width} has an address and values`
    return { cmd: 'write', width, address, values }
  }
}

function readErase(args: readonly string[]): Command | string {
  const [first] = args
  if (args.length === 1 && first?.toLowerCase() === 'all') return { cmd: 'erase', all: true }
  const codes = numbersOf(args.map((arg) => arg.replace(/^\[|\]$/g, '')))
  const [from, to = from, ...more] = codes ?? []
  if (from === undefined || to === undefined || more.length > 0 || to < from) {
    return 'an erase has sector codes, or all'
  }
  return { cmd: 'erase', from, to }
}

function readOptionBytes(args: readonly string[]): Command | string {
  const [first] = args
  const word = first?.toLowerCase()
  if (args.length === 1 && word === 'displ') return { cmd: 'optionBytesDisplay' }
  if (args.length === 1 && word === 'unlockchip') return { cmd: 'optionBytesUnlock' }
  const values = pairsOf(args)
  if (values === undefined || values.size === 0) return 'option bytes are written NAME=value'
  return { cmd: 'optionBytes', values: Object.fromEntries(values) }
}

function readKey(cmd: 'lockRdp1' | 'lockRdp2' | 'unlockRdp1' | 'unlockRdp2'): Reader {
  return (key) =>
    key.length > 0 && numbersOf(key) !== undefined ? { cmd, key } : `${cmd} has key words`
}

function readUpgrade([file, text, ...rest]: readonly string[]): Command | string {
  const address = numberOf(text)
  const values = pairsOf(rest)
  if (file === undefined || address === undefined || values === undefined) {
    return 'an upgrade has a file, an address and NAME=value'
  }
  const unknown = [...values.keys()].find((name) => !/^(?:firstinstall|startstack)$/.test(name))
  if (unknown !== undefined) return `an upgrade has no ${unknown}`
  return { cmd: 'firmwareUpgrade', file, address, ...Object.fromEntries(values) }
}

function readUserKey([file, ...rest]: readonly string[]): Command | string {
  const values = pairsOf(rest)
  const keytype = values?.get('keytype')
  if (file === undefined || values?.size !== 1 || keytype === undefined) {
    return 'a user key has a file and a keytype'
  }
  return keytype >= 1 && keytype <= 3
    ? { cmd: 'userKey', file, keytype }
    : `unknown key type ${keytype}`
}

function readFile(make: (file: string) => Command): Reader {
  return ([file, ...more]) =>
    file === undefined || more.length > 0 ? 'the command has one file' : make(file)
}

function pairsOf(args: readonly string[]): ReadonlyMap<string, number> | undefined {
  const pairs = new Map<string, number>()
  for (const arg of args) {
    const at = arg.indexOf('=')
    const value = numberOf(arg.slice(at + 1))
    if (at < 1 || value === undefined) return undefined
    pairs.set(arg.slice(0, at), value)
  }
  return pairs
}

function numbersOf(texts: readonly (string | undefined)[]): readonly number[] | undefined {
  const numbers = texts.map(numberOf)
  return numbers.every((number) => number !== undefined) ? numbers : undefined
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^(?:0x[0-9a-f]+|\d+)$/i.test(text)) return undefined
  return Number(text)
}
