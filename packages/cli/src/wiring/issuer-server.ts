import { systemClock, type Clock, type JsonValue } from '@keyline/bytes'
import { callServer, type HttpTransport } from '@keyline/issuer/client'
import { connectAs, readCredentials, type ConnectOptions } from './issuer-credentials.ts'
import { readOptionalPassphrase } from './issuer-passphrase.ts'

/** Options of every command that speaks to a server. */
export interface ServerOptions {
  readonly credentials: string
  readonly passphraseFile?: string
  readonly server?: string
  readonly json?: boolean
}

/** One call of the server as a member. */
export type CallServer = (
  method: 'GET' | 'POST',
  path: string,
  body?: JsonValue,
) => Promise<JsonValue>

/** Opens the credentials, lets the work call the server, and closes the connection. */
export async function withServer<T>(
  options: ServerOptions,
  work: (call: CallServer) => Promise<T>,
): Promise<T> {
  const clock: Clock = systemClock
  const transport = await openServer(options, { clock, url: options.server })
  try {
    return await work((method, path, body) =>
      callServer({ transport, clock }, { method, path, body }),
    )
  } finally {
    transport.close()
  }
}

async function openServer(options: ServerOptions, connect: ConnectOptions): Promise<HttpTransport> {
  using passphrase = await readOptionalPassphrase(options.passphraseFile)
  return connectAs(await readCredentials(options.credentials, passphrase), connect)
}
