import { Secret, systemRandom, toBase64, toHex, type Clock } from '@keyline/bytes'
import { sha256, keyPairSigner, p256FromEncoded } from '@keyline/crypto'
import { createLocalIssuer } from '@keyline/issuer'
import {
  checkedIssuer,
  createRestIssuer,
  recallDac,
  type HttpAnswer,
  type HttpRequest,
} from '@keyline/issuer/client'
import { openLedger, type Ledger } from '@keyline/ledger'
import type { WorkOrder } from '@keyline/ledger/records'
import type { RemoteIssuer } from '../../../packages/cli/src/wiring/issuer-open.ts'
import { revokeAt } from '../../../packages/cli/src/wiring/issuer-revoke.ts'
import type { CrashPoints } from './crash-points.ts'
import type { LineJob } from './line-job.ts'

export interface RemoteOptions {
  readonly job: LineJob
  /** Database file of the issuer. */
  readonly file: string
  readonly order: WorkOrder
  readonly clock: Clock
  readonly points: CrashPoints
}

/**
 * An issuer with a ledger of its own behind the REST form, as a server has it, without a network: the station dies at
 * crash points before a request arrives and when its answer does.
 */
export async function openRemote(
  options: RemoteOptions,
): Promise<RemoteIssuer & { close(): Promise<void> }> {
  const { job, file, order, clock, points } = options
  const { paa, pai, key } = job.pki
  const random = systemRandom
  const ledger = await openLedger({
    database: { kind: 'sqlite', file },
    storeKey: new Secret(new Uint8Array(32).fill(7)),
    clock,
    random,
    actor: 'server',
  })
  await ledger.createOrder(order)
  const signer = keyPairSigner(p256FromEncoded({ octets: key }))
  const local = await createLocalIssuer({ store: ledger, signer, pai, paa, clock, random })
  const stationId = 'station-1'
  const serve = async ({ method, path, headers, body }: HttpRequest): Promise<HttpAnswer> => {
    const idempotencyKey = headers?.['idempotency-key'] ?? ''
    if (path.endsWith('/revoke')) {
      const certificateSha256 = path.split('/').at(-2) ?? ''
      const { reason } = memberTexts(body)
      if (reason !== 'superseded' && reason !== 'cessationOfOperation') return answer(403, {})
      await ledger.revocation.revoke({ certificateSha256, reason })
      return answer(200, {})
    }
    if (method === 'GET') return recalled(ledger, idempotencyKey)
    const { unit = '', csr = '', serialNumber = '', board } = memberTexts(body)
    const identity = { serialNumber, boardUid: board }
    const octets = Uint8Array.from(Buffer.from(csr, 'base64'))
    const request = {
      orderId: order.id,
      unitId: unit,
      idempotencyKey,
      csr: octets,
      stationId,
      identity,
    }
    const chain = await local.issue(request)
    return answer(201, {
      dac: toBase64(chain.dac),
      pai: toBase64(chain.pai),
      paa: toBase64(chain.paa),
    })
  }
  const transport = {
    exchange: (request: HttpRequest) =>
      points.around(`server ${request.method} ${request.path.split('/').at(-1) ?? ''}`, () =>
        clock.during(() => serve(request)),
      ),
    close: () => undefined,
  }
  const client = createRestIssuer({ transport, clock, random })
  const { vendorId, productId } = order.product
  const api = { transport, clock }
  const isForgetful = job.sabotage === 'lost-answer-is-forgotten'
  return {
    pai,
    paa,
    issuer: checkedIssuer(client, { pai, paa, vendorId, productId, clock }),
    revoke: revokeAt(transport, clock),
    recall: async (idempotencyKey) =>
      isForgetful ? undefined : recallDac(api, { orderId: order.id, idempotencyKey }),
    close: () => ledger.close(),
  }
}

async function recalled(ledger: Ledger, idempotencyKey: string): Promise<HttpAnswer> {
  const issued = await ledger.issued(idempotencyKey)
  if (issued === undefined) return answer(404, { code: 'SERVER_NOT_FOUND' })
  const found = await ledger.certificate(toHex(sha256(issued.certificate)))
  return answer(200, {
    certificate: toBase64(issued.certificate),
    requestHash: issued.requestHash,
    issuerKeyId: found?.issuerKeyId ?? '',
  })
}

function memberTexts(body: Uint8Array = new Uint8Array()): Readonly<Record<string, string>> {
  return JSON.parse(new TextDecoder().decode(body))
}

function answer(status: number, body: Readonly<Record<string, string>>): HttpAnswer {
  const type = status < 300 ? 'application/json' : 'application/problem+json'
  const headers: Readonly<Record<string, string>> = { 'content-type': type }
  return {
    status,
    header: (name) => headers[name],
    body: new TextEncoder().encode(JSON.stringify(body)),
  }
}
