import { once } from 'node:events'
import { createServer } from 'node:http'

/** A ledger that knows nothing: it stands where the commissioner would ask the Matter ledger. */
export interface LedgerStub {
  /** The base address, on the loopback interface. */
  readonly url: string
  /** The paths asked for, in order. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

const notFound = 5

/**
 * Starts a ledger without root certificates, signers and revocation lists. What a commissioner
 * trusts is then exactly what its certificate service was given.
 */
export async function startLedgerStub(): Promise<LedgerStub> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    asked.push(path)
    const answer = answerFor(path)
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer ?? { code: notFound, message: 'not found', details: [] }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the stub has no TCP port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function answerFor(path: string): object | undefined {
  if (path === '/dcl/pki/root-certificates') {
    return { approvedRootCertificates: { schemaVersion: 0, certs: [] } }
  }
  if (path.startsWith('/dcl/pki/all-certificates?')) return { certificates: [] }
  return undefined
}
