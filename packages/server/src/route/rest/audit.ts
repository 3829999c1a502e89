import type { Endpoint } from '../endpoint.ts'
import { restResponses } from '../document.ts'
import type { ServerLedger, Service } from '../service.ts'

/** Characters that wait for the caller at most. */
const pieceLength = 65_536

/** The audit log as it is at this moment, a JSON object a line. */
export function auditEndpoint({ ledger }: Service): Endpoint {
  return {
    id: 'GET /v1/audit',
    errors: 'problem',
    document: {
      summary: 'The audit log, a JSON object a line',
      responses: {
        ...restResponses(200, 'Records from the first to the head.'),
        200: { description: 'Records.', content: { 'application/jsonl': {} } },
      },
    },
    handle: () => ({ status: 200, type: 'application/jsonl', pieces: auditPieces(ledger) }),
  }
}

/** Turns the lines that the ledger hands out into pieces that are asked for: the ledger waits for the caller. */
async function* auditPieces(ledger: ServerLedger): AsyncGenerator<string> {
  const channel = new Channel()
  const exporting = ledger
    .exportAudit((line) => channel.write(`${line}\n`))
    .then(
      () => channel.end(),
      (error: unknown) => channel.fail(error),
    )
  try {
    yield* channel
    await exporting
  } finally {
    channel.close()
  }
}

/** Text from a writer to a reader, one piece at a time. */
class Channel {
  #text = ''
  #isEnded = false
  #isClosed = false
  #failure: unknown
  #wakeReader: () => void = () => undefined
  #wakeWriter: () => void = () => undefined

  /** Waits while the reader has a piece before it. */
  async write(text: string): Promise<void> {
    this.#text += text
    if (this.#text.length < pieceLength) return
    this.#wakeReader()
    if (this.#isClosed) throw new Error('the reader of the audit log is gone')
    await new Promise<void>((resolve) => {
      this.#wakeWriter = resolve
    })
    if (this.#isClosed) throw new Error('the reader of the audit log is gone')
  }

  end(): void {
    this.#isEnded = true
    this.#wakeReader()
  }

  fail(error: unknown): void {
    this.#failure = error
    this.end()
  }

  /** The reader is gone: the writer must not wait for it. */
  close(): void {
    this.#isClosed = true
    this.#wakeWriter()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      if (this.#text.length < pieceLength && !this.#isEnded) {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve
        })
      }
      const text = this.#text
      this.#text = ''
      this.#wakeWriter()
      if (text !== '') yield text
      if (this.#isEnded && this.#text === '') break
    }
    if (this.#failure !== undefined) throw this.#failure
  }
}
