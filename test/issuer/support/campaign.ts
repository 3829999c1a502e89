import { isKeylineError } from '@keyline/bytes'
import type { DacRequest, IssuerClient } from '@keyline/issuer/client'
import type { Draw } from '../../support/draw.ts'
import { drawBoard, type BoardRequest } from './boards.ts'
import type { HeldBoard } from './check-issuance.ts'

export interface CampaignOptions {
  readonly orderId: string
  /** Boards that want a certificate. */
  readonly boards: number
  /** One for each caller. */
  readonly clients: readonly IssuerClient[]
  readonly draw: Draw
  /** Told how many boards have been served. */
  readonly onServed: (count: number) => void
}

export interface CampaignResult {
  readonly held: readonly HeldBoard[]
  /** Boards that were refused for want of quota. */
  readonly refused: readonly string[]
  /** Everything else that callers were told, by code. */
  readonly errors: ReadonlyMap<string, number>
}

interface Served {
  readonly board: BoardRequest
  readonly answers: Uint8Array[]
}

/** How often a caller asks once more for a board that has been served: one time in so many. */
const repeatOnceIn = 4

/**
 * Callers that ask for boards until none is left, and now and then for one that has been served before, by whomever.
 * What a caller does when an answer is lost, is the business of its client.
 */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { orderId, boards, clients, draw, onServed } = options
  const served: Served[] = []
  const refused: string[] = []
  const errors = new Map<string, number>()
  let next = 1

  const count = (code: string): void => void errors.set(code, (errors.get(code) ?? 0) + 1)
  const repeat = async (client: IssuerClient, { board, answers }: Served): Promise<void> => {
    const answer = await ask(client, board.request)
    if (typeof answer === 'string') count(answer)
    else answers.push(answer)
  }
  const work = async (client: IssuerClient): Promise<void> => {
    while (next <= boards) {
      const board = await drawBoard(orderId, next++)
      const answer = await ask(client, board.request)
      if (answer === 'ISSUER_QUOTA_REACHED') refused.push(board.request.unitId)
      else if (typeof answer === 'string') count(answer)
      served.push({ board, answers: typeof answer === 'string' ? [] : [answer] })
      onServed(served.length)
      if (draw.once(repeatOnceIn)) {
        const before = draw.pick(served)
        if (before.answers.length > 0) await repeat(client, before)
      }
    }
  }
  await Promise.all(clients.map(work))
  const isRefused = new Set(refused)
  const held = served
    .filter(({ board }) => !isRefused.has(board.request.unitId))
    .map(({ board: { request, serialNumber, spki }, answers }) => {
      return { unitId: request.unitId, serialNumber, spki, answers }
    })
  return { held, refused, errors }
}

/** The certificate, or the code of the refusal. */
export async function ask(client: IssuerClient, request: DacRequest): Promise<Uint8Array | string> {
  try {
    return (await client.issue(request)).dac
  } catch (error) {
    if (isKeylineError(error)) return error.code
    throw error
  }
}
