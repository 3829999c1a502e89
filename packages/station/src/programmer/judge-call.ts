import type { Command } from './command.ts'
import { namedValue, outputLines } from './output-lines.ts'

/** Why a call did not succeed. Source: provisioning-station section 4.4. */
export type ErrorClass =
  | 'no-probe'
  | 'no-target'
  | 'erase'
  | 'verify'
  | 'protection'
  | 'loader'
  | 'incomplete'
  | 'timeout'
  | 'other'

/** What a call printed, understood. */
export interface CallReport {
  readonly ok: boolean
  /** Class of the first error line, or `incomplete` when a line of success is missing. */
  readonly error?: ErrorClass
  /** The first error line. */
  readonly errorLine?: string
  readonly verified: boolean
  readonly reset: boolean
  /** Address of the first download. */
  readonly address?: number
  /** The option bytes had their values already. */
  readonly unchanged: boolean
  readonly deviceId?: string
  readonly deviceName?: string
  readonly board?: string
  /** Serial number of the probe. */
  readonly serial?: string
}

/** In small letters; the first row that fits decides. */
const classes: readonly (readonly [ErrorClass, RegExp])[] = [
  ['no-probe', /no debug probe|no st-link|st-link .*not found/],
  [
    'no-target',
    /dev_connect_err|dev_target|dev_unknown_mcu|core id|no stm32 target|unable to connect|cannot connect/,
  ],
  ['loader', /loader/],
  ['verify', /mismatch|verification failed/],
  ['protection', /rdp|protect|locked/],
  ['erase', /erase/],
]

/** The line of success that a command owes. */
const owedLines: Partial<Record<Command['cmd'], RegExp>> = {
  download: /^file download complete/i,
  verify: /^download verified successfully/i,
  optionBytes: /^option bytes successfully programmed|option bytes are unchanged/i,
  startWirelessStack: /^fusstartws activated successfully/i,
  reset: /^software reset is performed/i,
  wrappedKeyExport: /^rsse-kw command execution finished/i,
  unlockRdp2: /^unlock rdp2 password succeeded/i,
}

const eraseAll = /^mass erase successfully achieved/i
const deviceLine = /^device id\s*:\s*\S/i

/**
 * Decides from what a call printed whether its commands succeeded. The exit code is no evidence.
 * Source: provisioning-station sections 4.3 and 4.4.
 */
export function judgeCall(commands: readonly Command[], text: string): CallReport {
  const lines = outputLines(text)
  const has = (pattern: RegExp): boolean => lines.some((line) => pattern.test(line))
  const errorLine = lines.find((line) => /^(?:error|st-link error)/i.test(line))
  const owed = commands.flatMap(owedBy)
  const isWhole = (owed.length === 0 ? [deviceLine] : owed).every(has)
  const error = errorLine === undefined ? undefined : classOf(errorLine)
  const ok = errorLine === undefined && isWhole
  return {
    ok,
    ...(ok ? {} : { error: error ?? 'incomplete' }),
    ...(errorLine === undefined ? {} : { errorLine }),
    verified: errorLine === undefined && has(/^download verified successfully/i),
    reset: has(/^software reset is performed/i),
    unchanged: has(/option bytes are unchanged/i),
    ...connectionOf(lines),
  }
}

function owedBy(command: Command): readonly RegExp[] {
  if (command.cmd === 'erase') return 'all' in command ? [eraseAll] : []
  const line = owedLines[command.cmd]
  return line === undefined ? [] : [line]
}

function classOf(line: string): ErrorClass {
  const words = line.toLowerCase()
  return classes.find(([, pattern]) => pattern.test(words))?.[0] ?? 'other'
}

const connectionNames = {
  'device id': 'deviceId',
  'device name': 'deviceName',
  board: 'board',
  'st-link sn': 'serial',
} as const

function connectionOf(
  lines: readonly string[],
): Pick<CallReport, 'deviceId' | 'deviceName' | 'board' | 'serial' | 'address'> {
  const named = new Map<string, string>()
  for (const line of lines) {
    const pair = namedValue(line)
    if (pair !== undefined && !named.has(pair[0])) named.set(...pair)
  }
  const texts = Object.entries(connectionNames).flatMap(([name, member]) => {
    const value = named.get(name)
    return value === undefined ? [] : [[member, value] as const]
  })
  const address = named.get('address')
  return {
    ...Object.fromEntries(texts),
    ...(address !== undefined && /^0x[0-9a-f]{1,8}$/i.test(address)
      ? { address: Number(address) }
      : {}),
  }
}
