import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeUtf8, Secret, systemClock, systemRandom } from '@keyline/bytes'
import { createLocalIssuer, type LocalIssuer } from '@keyline/issuer'
import { openLedger, type Ledger } from '@keyline/ledger'
import {
  createServiceCa,
  drawToken,
  startServer,
  tokenLifeMs,
  type Role,
  type ServerLog,
} from '@keyline/server'
import { pemEncode } from '@keyline/x509'
import { keyline } from '../../cli/support/keyline.ts'
import { testPki } from '../../support/line.ts'

const silent: ServerLog = {
  request: () => undefined,
  info: () => undefined,
  error: () => undefined,
  flush: () => undefined,
}

/** A server on this machine with a ledger of its own, and what its officer hands out. */
export interface TestServer extends AsyncDisposable {
  readonly url: string
  readonly ledger: Ledger
  /** CA certificate of the service. */
  readonly caFile: string
  /** Writes a one-time token for a member, and gives its file. */
  invite(name: string, role: Role): Promise<string>
  /** Enrols a member by the command, and gives its credentials folder. */
  enrol(name: string, role: Role): Promise<string>
}

export interface TestServerOptions {
  /** Called when a certificate stands in the ledger of the server, before its answer leaves. */
  readonly onIssued?: () => Promise<void>
}

/** Starts a server whose PAI is that of {@link testPki}. @param folder for its ledger and the files of its members */
export async function startTestServer(
  folder: string,
  { onIssued }: TestServerOptions = {},
): Promise<TestServer> {
  await mkdir(folder, { recursive: true })
  const [clock, random] = [systemClock, systemRandom]
  const ledger = await openLedger({
    database: { kind: 'sqlite', file: join(folder, 'server.db') },
    storeKey: new Secret(random.bytes(32)),
    clock,
    random,
    actor: 'server',
  })
  const { signer, pai, paa } = await testPki()
  const local = await createLocalIssuer({ store: ledger, signer, pai, paa, clock, random })
  const issuer: Pick<LocalIssuer, 'issue'> = {
    issue: async (request, options) => {
      const issued = await local.issue(request, options)
      await onIssued?.()
      return issued
    },
  }
  const serviceCa = await createServiceCa({ notBefore: new Date(Date.now() - 60_000), random })
  const parts = { ledger, issuer, signer, pai, paa, serviceCa, clock, random }
  const server = await startServer(
    { ...parts, policy: 'test', log: silent },
    { host: '127.0.0.1', port: 0, hostNames: ['localhost', '127.0.0.1'] },
  )
  const url = `https://localhost:${server.port}`
  const caFile = join(folder, 'service-ca.pem')
  await writeFile(caFile, pemEncode('CERTIFICATE', serviceCa.certificate))

  const invite = async (name: string, role: Role): Promise<string> => {
    const { token, sha256: tokenSha256 } = drawToken(random)
    await ledger.members.invite({ name, role, tokenSha256, expiresAt: clock.now() + tokenLifeMs })
    const file = join(folder, `${name}.token`)
    await writeFile(file, decodeUtf8(token.reveal()), { mode: 0o600 })
    return file
  }
  const enrol = async (name: string, role: Role): Promise<string> => {
    const credentials = join(folder, name)
    const token = ['--token-file', await invite(name, role)]
    const where = ['--server', url, '--ca', caFile, '--credentials', credentials]
    const { code, err } = await keyline('enroll', '--name', name, ...token, ...where)
    if (code !== 0) throw new Error(`${name} was not enrolled: ${err}`)
    return credentials
  }
  const close = async (): Promise<void> => {
    await server.stop()
    await ledger.close()
  }
  return { url, ledger, caFile, invite, enrol, [Symbol.asyncDispose]: close }
}
