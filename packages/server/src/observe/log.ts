import { describeError } from '@keyline/bytes'
import { pino, destination, type DestinationStream, type Logger } from 'pino'

/** What the log says of one request: names and figures, never a body, a header or a token. */
export interface RequestLine {
  readonly requestId: string
  readonly member?: string | undefined
  readonly route: string
  readonly status: number
  readonly code?: string | undefined
  readonly ms: number
}

export interface ServerLog {
  request(line: RequestLine): void
  /** Something that an operator should know. */
  info(what: string, facts?: Readonly<Record<string, string | number>>): void
  /** An error with its causes, without their stacks. */
  error(what: string, error: unknown, facts?: Readonly<Record<string, string | number>>): void
  /** Writes out what is still in memory. */
  flush(): void
}

/** Request lines wait for company: a write for each one costs more than the answer it tells of. */
const gathering = { minLength: 8_192, periodicFlush: 250 } as const

/** One JSON object a line. Errors are written out at once. @param stream standard error unless given */
export function createLog(stream?: DestinationStream): ServerLog {
  const standardError =
    stream === undefined ? destination({ fd: 2, sync: false, ...gathering }) : undefined
  const flush = (): void => standardError?.flushSync()
  if (standardError !== undefined) process.once('exit', flush)
  const options = { base: null, timestamp: isoTime, formatters: { level: levelName } }
  const log: Logger = pino(options, stream ?? standardError ?? process.stderr)
  return {
    request: (line) => log.info(line, 'request'),
    info: (what, facts = {}) => log.info(facts, what),
    error: (what, error, facts = {}) => {
      log.error({ ...facts, error: causesOf(error) }, what)
      standardError?.flush()
    },
    flush,
  }
}

const mostCauses = 5

/** Messages from the error down to its first cause. */
function causesOf(error: unknown): readonly string[] {
  const causes: string[] = []
  let cause = error
  while (cause !== undefined && causes.length < mostCauses) {
    causes.push(describeError(cause))
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return causes
}

function isoTime(): string {
  return `,"time":"${new Date().toISOString()}"`
}

function levelName(label: string): { readonly level: string } {
  return { level: label }
}
