import { setTimeout } from 'node:timers/promises'
import { Draw } from '../../support/draw.ts'
import {
  drawNonce,
  openSession,
  submit,
  textMember,
  verify,
  type OpenSession,
  type Reply,
} from '../../support/verifier-service.ts'
import type { Fleet, FleetDevice } from './fleet.ts'
import type { Judge } from './judge.ts'
import type { VerifierNode } from './node.ts'

/** Where a caller asks. */
export type Asked = Pick<VerifierNode, 'call'>

export interface LoadOptions {
  readonly nodes: readonly Asked[]
  readonly fleet: Fleet
  readonly judge: Judge
  readonly callers: number
  readonly seed: string
  /** Whether a nonce is good for one evidence. */
  readonly isSingleUse: boolean
}

/** Between two questions of a caller that got no verdict. */
const pauseMs = 25

/** A session that was told to be complete. */
interface Completed {
  readonly path: string
  readonly answer: string
}

/**
 * Callers who verify without end, each with one device after the other. They come again with the same evidence until they
 * get a verdict, and try then what must not be possible: other evidence for the same session or nonce.
 */
export class Load {
  readonly completed: Completed[] = []
  /** Requests that got no answer at all. */
  readonly failed: string[] = []
  readonly #options: LoadOptions
  readonly #callers: readonly Promise<void>[]
  #isOver = false

  constructor(options: LoadOptions) {
    this.#options = options
    this.#callers = Array.from({ length: options.callers }, async (_, index) => {
      const draw = new Draw(`${options.seed} ${index}`)
      while (!this.#isOver) {
        await this.#verifyOne(draw).catch((error: unknown) => this.failed.push(String(error)))
      }
    })
  }

  /** Until every caller has the verdict that it waits for. */
  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#callers)
  }

  #verifyOne(draw: Draw): Promise<void> {
    const one = this.#options.fleet.pick(draw)
    return draw.once(2) ? this.#inOneRequest(one, draw) : this.#inSession(one, draw)
  }

  async #inOneRequest({ truth, device }: FleetDevice, draw: Draw): Promise<void> {
    const { judge, isSingleUse } = this.#options
    const nonce = await drawNonce(this.#node(draw))
    const token = await device.token({ nonce })
    await this.#until(draw, async (node) => {
      const reply = await verify(node, nonce, token)
      return judge.verdict('one request', truth, reply) !== undefined || reply.status < 500
    })
    if (!isSingleUse) return
    const other = await device.token({ nonce, clientId: -2 })
    const second = await verify(this.#node(draw), nonce, other)
    judge.status('a nonce for the second time', 409, second)
  }

  async #inSession({ truth, device }: FleetDevice, draw: Draw): Promise<void> {
    const { judge } = this.#options
    const opened = await this.#open(draw)
    if (opened === undefined) return
    const { path, nonce } = opened
    const token = await device.token({ nonce })
    let answer: string | undefined
    const isOver = async (node: Asked): Promise<boolean> => {
      const reply = await submit(node, path, token)
      if (judge.verdict('a session', truth, reply) !== undefined) answer = reply.text
      // A session that has failed stays so.
      return reply.status < 500 || (reply.status === 500 && (await this.#hasFailed(node, path)))
    }
    await this.#until(draw, isOver)
    const other = await device.token({ nonce, clientId: -2 })
    judge.status('a session for the second time', 409, await submit(this.#node(draw), path, other))
    if (answer === undefined) return
    this.completed.push({ path, answer })
    const again = await submit(this.#node(draw), path, token)
    if (judge.status('a session that is complete', 200, again)) {
      judge.same('a session that is complete', answer, again.text)
    }
  }

  async #open(draw: Draw): Promise<OpenSession | undefined> {
    const { judge } = this.#options
    const node = this.#node(draw)
    let reply: Reply | undefined
    const call = async (asked: Parameters<Asked['call']>[0]): Promise<Reply> =>
      (reply = await node.call(asked))
    const opened = await openSession({ call }).catch((error: unknown) => {
      if (reply === undefined) throw error
      return undefined
    })
    if (reply !== undefined) judge.status('a new session', 201, reply)
    if (opened === undefined) await this.#pause()
    return opened
  }

  async #hasFailed(node: Asked, path: string): Promise<boolean> {
    const { status, json } = await node.call({ path })
    return status === 200 && textMember(json, 'status') === 'failed'
  }

  async #until(draw: Draw, isDone: (node: Asked) => Promise<boolean>): Promise<void> {
    while (!(await isDone(this.#node(draw)))) await this.#pause()
  }

  #pause(): Promise<void> {
    return setTimeout(pauseMs)
  }

  #node(draw: Draw): Asked {
    return draw.pick(this.#options.nodes)
  }
}
