/** A key that locks or unlocks the read-out protection, as words of 32 bits. */
type KeyWords = readonly string[]

/** One command of a call of STM32_Programmer_CLI. Source: provisioning-station section 4.1. */
export type Command =
  | { readonly cmd: 'list'; readonly what?: string }
  | ConnectCommand
  | {
      readonly cmd: 'download'
      readonly file: string
      readonly address?: number
      readonly incremental?: true
    }
  | { readonly cmd: 'verify'; readonly fast?: true }
  | {
      readonly cmd: 'upload'
      readonly address: number
      readonly size: number
      readonly file: string
    }
  | {
      readonly cmd: 'read'
      readonly width: 8 | 16 | 32
      readonly address: number
      readonly size: number
    }
  | {
      readonly cmd: 'write'
      readonly width: 8 | 16 | 32 | 64
      readonly address: number
      readonly values: readonly number[]
    }
  | { readonly cmd: 'erase'; readonly all: true }
  | { readonly cmd: 'erase'; readonly from: number; readonly to: number }
  | { readonly cmd: 'externalLoader'; readonly file: string }
  | { readonly cmd: 'optionBytes'; readonly values: Readonly<Record<string, number>> }
  | { readonly cmd: 'lockRdp1' | 'lockRdp2' | 'unlockRdp1' | 'unlockRdp2'; readonly key: KeyWords }
  | {
      readonly cmd: 'firmwareUpgrade'
      readonly file: string
      readonly address: number
      readonly firstinstall?: number
      readonly startstack?: number
    }
  | { readonly cmd: 'authKeyUpdate'; readonly file: string }
  | {
      readonly cmd: 'wrappedKeyExport'
      readonly service: string
      readonly output: string
      readonly parameters: Readonly<Record<string, string>>
    }
  | { readonly cmd: 'userKey'; readonly file: string; readonly keytype: number }
  | { readonly cmd: 'start'; readonly address?: number }
  | { readonly cmd: 'verbosity'; readonly level: number }
  | { readonly cmd: 'log'; readonly file?: string }
  | { [Cmd in PlainCommand]: { readonly cmd: Cmd } }[PlainCommand]

export interface ConnectCommand {
  readonly cmd: 'connect'
  readonly port: string
  readonly sn?: string
  readonly index?: string
  readonly freq?: string
  readonly ap?: string
  readonly mode?: string
  readonly reset?: string
  readonly speed?: string
  readonly br?: string
  readonly P?: string
  readonly shared?: true
}

/** Commands that are one word. */
export type PlainCommand = (typeof plainCommands)[keyof typeof plainCommands]

/** The words without their dashes, in small letters. */
export const plainCommands = {
  skiperase: 'skipErase',
  rdu: 'readUnprotect',
  rst: 'reset',
  hardrst: 'hardReset',
  halt: 'halt',
  run: 'run',
  startfus: 'startFus',
  startwirelessstack: 'startWirelessStack',
  fwdelete: 'firmwareDelete',
  fusgetstate: 'fusState',
  fusopgetversion: 'fusOperatorVersion',
  getuid64: 'uid64',
  antirollback: 'antiRollback',
  q: 'quiet',
  quietmode: 'quiet',
  y: 'confirm',
  version: 'version',
  displ: 'optionBytesDisplay',
  unlockchip: 'optionBytesUnlock',
} as const

export const connectModes: ReadonlySet<string> = new Set([
  'NORMAL',
  'UR',
  'HOTPLUG',
  'POWERDOWN',
  'HWRSTPULSE',
])

/** Commands for which no board is connected. */
export const needsNoTarget: ReadonlySet<Command['cmd']> = new Set([
  'list',
  'version',
  'connect',
  'quiet',
  'confirm',
  'verbosity',
  'log',
])
