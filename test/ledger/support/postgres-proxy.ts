import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** What becomes of a COMMIT: it passes, its answer is lost, or it never arrives. */
export type CommitFate = 'passes' | 'answer lost' | 'never arrives'

/** A proxy in front of a PostgreSQL server, where connections break around COMMIT. */
export interface PostgresProxy extends AsyncDisposable {
  /** The address of the database behind it, through the proxy. */
  readonly url: string
  /** How often each fate was met. */
  readonly met: Readonly<Record<CommitFate, number>>
}

/** A simple query message with this text, as it stands on the wire. */
const commitMessage = Buffer.from('commit\0')

/** @param nextFate asked for each COMMIT */
export async function startPostgresProxy(
  url: string,
  nextFate: () => CommitFate,
): Promise<PostgresProxy> {
  const { hostname, port } = new URL(url)
  const met = { passes: 0, 'answer lost': 0, 'never arrives': 0 }
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const database = connect(Number(port), hostname)
    const both = [client, database]
    const cut = (): void => both.forEach((socket) => void socket.destroy())
    for (const socket of both) {
      open.add(socket)
      socket.on('error', cut)
      socket.on('close', () => {
        open.delete(socket)
        cut()
      })
    }
    let isAnswerLost = false
    client.on('data', (chunk) => {
      const fate = chunk.includes(commitMessage) ? nextFate() : undefined
      if (fate !== undefined) met[fate]++
      if (fate === 'never arrives') {
        cut()
        return
      }
      isAnswerLost = fate === 'answer lost'
      database.write(chunk)
    })
    database.on('data', (chunk) => {
      if (isAnswerLost) cut()
      else client.write(chunk)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const through = new URL(url)
  through.port = String(portOf(server.address()))
  return {
    url: through.href,
    met,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return address.port
}
