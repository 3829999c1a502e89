import { join } from 'node:path'
import { Secret, systemClock, systemRandom, toBase64, decodeUtf8, type Clock } from '@keyline/bytes'
import { generateP256, keyPairSigner, type Signer } from '@keyline/crypto'
import { createLocalIssuer, createPki, type Pki } from '@keyline/issuer'
import { openLedger, type Ledger, type LedgerLocation } from '@keyline/ledger'
import { WorkOrder } from '@keyline/ledger/records'
import {
  createLog,
  createServiceCa,
  drawToken,
  startServer,
  tokenLifeMs,
  type DacIssuer,
  type ListenOptions,
  type Role,
  type RunningServer,
  type ServerLedger,
  type ServiceCa,
} from '@keyline/server'
import { exampleOrder } from './order.ts'
import { basic, certificateOf, credentialsOf, requestOf } from './request.ts'
import { Client, type Credentials } from './call.ts'
import { temporaryFolder } from '../../support/line.ts'

export interface ServiceOptions extends Partial<ListenOptions> {
  /** Stands between server and ledger. */
  readonly around?: ((ledger: Ledger) => ServerLedger) | undefined
  /** Stands between server and issuer. */
  readonly issuing?: ((issuer: DacIssuer) => DacIssuer) | undefined
  readonly signing?: ((signer: Signer) => Signer) | undefined
  readonly clock?: Clock | undefined
  /** A ledger that several servers share; a new SQLite file unless given. */
  readonly database?: LedgerLocation | undefined
  /** The server whose PKI, service CA and store key this one shares. */
  readonly beside?: TestService | undefined
}

/** A server on a free port with a SQLite ledger of its own, and what its people hold. */
export class TestService implements AsyncDisposable {
  readonly pki: Pki
  readonly ledger: Ledger
  readonly serviceCa: ServiceCa
  readonly storeKey: Secret
  readonly server: RunningServer
  /** What it has logged. */
  readonly log: readonly string[]
  readonly #close: () => Promise<void>
  readonly #clients: Client[] = []

  constructor(
    parts: Pick<TestService, 'pki' | 'ledger' | 'serviceCa' | 'storeKey' | 'server' | 'log'>,
    close: () => Promise<void>,
  ) {
    this.pki = parts.pki
    this.ledger = parts.ledger
    this.serviceCa = parts.serviceCa
    this.storeKey = parts.storeKey
    this.server = parts.server
    this.log = parts.log
    this.#close = close
  }

  client(credentials?: Credentials, server = this.server): Client {
    const { port } = server
    const client = new Client({ port, ca: this.serviceCa.certificate, credentials })
    this.#clients.push(client)
    return client
  }

  /** Draws a one-time token for a member. */
  async invite(memberName: string, role: Role): Promise<string> {
    const { token, sha256: tokenSha256 } = drawToken(systemRandom)
    const expiresAt = Date.now() + tokenLifeMs
    await this.ledger.members.invite({ name: memberName, role, tokenSha256, expiresAt })
    return decodeUtf8(token.reveal())
  }

  /** A member that has enrolled over EST. */
  async enrol(memberName: string, role: Role): Promise<Credentials> {
    const token = await this.invite(memberName, role)
    const keyPair = generateP256()
    const reply = await this.client().call({
      method: 'POST',
      path: '/.well-known/est/members/simpleenroll',
      headers: { 'content-type': 'application/pkcs10', authorization: basic(memberName, token) },
      body: toBase64(await requestOf(keyPair, memberName)),
    })
    if (reply.status !== 200) throw new Error(`${memberName} was not enrolled: ${reply.text}`)
    return credentialsOf(keyPair, certificateOf(reply.text))
  }

  /** A client of a new member. */
  async member(memberName: string, role: Role): Promise<Client> {
    return this.client(await this.enrol(memberName, role))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]()
    await this.server.stop(1_000)
    await this.#close()
  }
}

/** Starts a server over a new ledger with the example order `O-1`. */
export async function startService(options: ServiceOptions = {}): Promise<TestService> {
  const folder = await temporaryFolder('keyline-server')
  const { clock = systemClock, around = (same: Ledger) => same, issuing, signing } = options
  const { beside, database = { kind: 'sqlite', file: join(folder.path, 'ledger.db') } } = options
  const octets = beside?.storeKey.reveal() ?? systemRandom.bytes(32)
  const storeKey = new Secret(Uint8Array.from(octets))
  const ledger = await openLedger({
    database,
    storeKey,
    clock,
    random: systemRandom,
    actor: 'server',
  })
  await ledger.createOrder(WorkOrder.parse(exampleOrder('O-1')))
  const before = new Date(Math.floor(clock.now() / 1000) * 1000 - 60_000)
  const pki =
    beside?.pki ?? (await createPki({ vendorId: 0xfff1, notBefore: before, random: systemRandom }))
  const serviceCa =
    beside?.serviceCa ?? (await createServiceCa({ notBefore: before, random: systemRandom }))
  const signer = signing?.(keyPairSigner(pki.pai.keyPair)) ?? keyPairSigner(pki.pai.keyPair)
  const certificates = { pai: pki.pai.certificate, paa: pki.paa.certificate }
  const parts = { ...certificates, signer, clock, random: systemRandom }
  const local = await createLocalIssuer({ ...parts, store: ledger })
  const log: string[] = []
  const server = await startServer(
    {
      ...parts,
      ledger: around(ledger),
      issuer: issuing?.(local) ?? local,
      serviceCa,
      policy: 'test',
      log: createLog({ write: (line) => void log.push(line) }),
    },
    { host: '127.0.0.1', port: 0, hostNames: ['localhost', '127.0.0.1'], ...options },
  )
  return new TestService({ pki, ledger, serviceCa, storeKey, server, log }, async () => {
    await ledger.close()
    storeKey.wipe()
    await folder[Symbol.asyncDispose]()
  })
}
