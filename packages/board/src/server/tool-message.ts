import { parseJson, type JsonValue } from '@keyline/bytes'
import { BoardError } from '../errors.ts'
import { isPlatform, type Platform } from '../part/platform.ts'
import { isScriptName, type ScriptName, type ScriptSecurity } from '../script/script-table.ts'

/** A tool that a process asks the bench to run for it. */
export type ToolRequest =
  | { readonly tool: 'programmer'; readonly argv: readonly string[]; readonly cwd: string }
  | {
      readonly tool: 'script'
      readonly name: ScriptName
      readonly platform: Platform
      readonly security: ScriptSecurity
      readonly isAuto: boolean
      readonly cwd: string
      readonly probe?: string | undefined
      /** File with a signed provisioning firmware. */
      readonly firmware?: string | undefined
    }

/** What the bench sends back. */
export type ToolReply =
  | { readonly out: string }
  | { readonly ask: string }
  | { readonly exit: number }

/** @throws BoardError `BOARD_BENCH_SERVER` */
export function decodeToolRequest(line: string): ToolRequest {
  const members = membersOf(line)
  const { tool, argv, cwd, name, platform, security, isAuto, probe, firmware } = members
  if (typeof cwd === 'string' && tool === 'programmer' && Array.isArray(argv)) {
    return { tool, cwd, argv: argv.map(String) }
  }
  const isScript =
    tool === 'script' &&
    typeof cwd === 'string' &&
    typeof name === 'string' &&
    isScriptName(name) &&
    typeof platform === 'string' &&
    isPlatform(platform) &&
    (security === 1 || security === 2)
  if (!isScript) throw new BoardError('BOARD_BENCH_SERVER', 'a request names no tool of the bench')
  return {
    tool,
    name,
    platform,
    security,
    cwd,
    isAuto: isAuto === true,
    probe: typeof probe === 'string' ? probe : undefined,
    firmware: typeof firmware === 'string' ? firmware : undefined,
  }
}

/** @throws BoardError `BOARD_BENCH_SERVER` */
export function decodeToolReply(line: string): ToolReply {
  const { out, ask, exit } = membersOf(line)
  if (typeof out === 'string') return { out }
  if (typeof ask === 'string') return { ask }
  if (typeof exit === 'number') return { exit }
  throw new BoardError('BOARD_BENCH_SERVER', 'the bench has sent what is no reply')
}

/** Text of `{"answer": "…"}`. @throws BoardError `BOARD_BENCH_SERVER` */
export function decodeAnswer(line: string): string {
  const { answer } = membersOf(line)
  if (typeof answer === 'string') return answer
  throw new BoardError('BOARD_BENCH_SERVER', 'an answer was expected')
}

function membersOf(line: string): { readonly [member: string]: JsonValue | undefined } {
  const value = parseJson(line, 'message of the bench')
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value))
  }
  throw new BoardError('BOARD_BENCH_SERVER', 'a message of the bench is a JSON object')
}
