import type { Command } from './command.ts'

/** The commands of this station as words for STM32_Programmer_CLI; no word holds two arguments. */
export type StationCommand = Extract<
  Command,
  {
    readonly cmd:
      | 'list'
      | 'connect'
      | 'download'
      | 'verify'
      | 'upload'
      | 'erase'
      | 'externalLoader'
      | 'optionBytes'
      | 'optionBytesDisplay'
      | 'firmwareUpgrade'
      | 'startFus'
      | 'startWirelessStack'
      | 'wrappedKeyExport'
      | 'reset'
      | 'quiet'
  }
>

export function writeCommandLine(commands: readonly StationCommand[]): readonly string[] {
  return commands.flatMap(wordsOf)
}

function wordsOf(command: StationCommand): readonly string[] {
  switch (command.cmd) {
    case 'list':
      return ['-l', ...(command.what === undefined ? [] : [command.what])]
    case 'connect': {
      const { cmd, shared, ...members } = command
      const pairs = Object.entries(members).map(([name, value]) => `${name}=${value}`)
      return [`-${cmd[0]}`, ...pairs, ...(shared === true ? ['shared'] : [])]
    }
    case 'download':
      return ['-d', command.file, ...(command.address === undefined ? [] : [hex(command.address)])]
    case 'verify':
      return command.fast === true ? ['-v', 'fast'] : ['-v']
    case 'upload':
      return ['-u', hex(command.address), `0x${command.size.toString(16)}`, command.file]
    case 'erase':
      return 'all' in command ? ['-e', 'all'] : ['-e', `[${command.from}`, `${command.to}]`]
    case 'externalLoader':
      return ['-el', command.file]
    case 'optionBytes':
      return ['-ob', ...Object.entries(command.values).map(optionByte)]
    case 'optionBytesDisplay':
      return ['-ob', 'displ']
    case 'firmwareUpgrade':
      return ['-fwupgrade', command.file, hex(command.address)]
    case 'wrappedKeyExport': {
      const { service, output, parameters } = command
      const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${value}`)
      return ['-rssekw', service, output, ...pairs]
    }
    case 'startFus':
      return ['-startfus']
    case 'startWirelessStack':
      return ['-startwirelessstack']
    case 'reset':
      return ['-rst']
    case 'quiet':
      return ['-q']
    default:
      return command satisfies never
  }
}

function hex(address: number): string {
  return `0x${address.toString(16).toUpperCase().padStart(8, '0')}`
}

/** Flags as they are, levels as ST's scripts write them. */
function optionByte([name, value]: readonly [string, number]): string {
  return value < 10 ? `${name}=${value}` : `${name}=0x${value.toString(16).toUpperCase()}`
}
