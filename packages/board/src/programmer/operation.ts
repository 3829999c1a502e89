/** Where and how a call connects; texts as they were given. */
export interface ConnectOperation {
  readonly cmd: 'connect'
  readonly port: string
  readonly sn?: string | undefined
  readonly mode?: string | undefined
  readonly [setting: string]: string | undefined
}

/** One command of a call, in the order of the command line. Addresses and sizes are numbers. */
export type Operation =
  | ConnectOperation
  | { readonly cmd: 'list'; readonly what?: string | undefined }
  | { readonly cmd: 'download'; readonly file: string; readonly address?: number | undefined }
  | { readonly cmd: 'verify'; readonly fast?: true | undefined }
  | {
      readonly cmd: 'write'
      readonly width: number
      readonly address: number
      readonly values: readonly number[]
    }
  | {
      readonly cmd: 'read'
      readonly width: number
      readonly address: number
      readonly size: number
    }
  | {
      readonly cmd: 'upload'
      readonly address: number
      readonly size: number
      readonly file: string
    }
  | {
      readonly cmd: 'erase'
      readonly all?: true | undefined
      readonly from?: number | undefined
      readonly to?: number | undefined
    }
  | { readonly cmd: 'externalLoader'; readonly file: string }
  | { readonly cmd: 'optionBytes'; readonly values: Readonly<Record<string, number>> }
  | Locking
  | {
      readonly cmd: 'firmwareUpgrade'
      readonly file: string
      readonly address: number
      readonly firstinstall?: number | undefined
      readonly startstack?: number | undefined
    }
  | { readonly cmd: 'userKey'; readonly file: string; readonly keytype: number }
  | {
      readonly cmd: 'wrappedKeyExport'
      readonly service: string
      /** PEM of a user key in place of the device key. */
      readonly userKey?: string | undefined
      readonly output: string
      /** `KeyType=eccchipfu`, … */
      readonly parameters: readonly string[]
    }
  | { readonly cmd: 'run'; readonly address?: number | undefined }
  | { readonly cmd: 'verbosity'; readonly level: number }
  | { readonly cmd: 'log'; readonly file?: string | undefined }
  | Plain

type LockCommand = 'lockRdp1' | 'lockRdp2' | 'unlockRdp1' | 'unlockRdp2'
type Locking = {
  [C in LockCommand]: { readonly cmd: C; readonly key: readonly string[] }
}[LockCommand]

type Plain = { [C in PlainCommand]: { readonly cmd: C } }[PlainCommand]

/** Commands without arguments. */
export type PlainCommand =
  | 'version'
  | 'skipErase'
  | 'optionBytesDisplay'
  | 'optionBytesUnlock'
  | 'readUnprotect'
  | 'reset'
  | 'hardReset'
  | 'halt'
  | 'startFus'
  | 'startWirelessStack'
  | 'firmwareDelete'
  | 'fusState'
  | 'fusVersion'
  | 'uid64'
  | 'quiet'
  | 'assent'
