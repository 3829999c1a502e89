import type { BusResponder } from '../bus/in-process.ts'
import type { BusAnswer, BusRequest } from '../layout/byte-stream.ts'

/** A bus whose answers are written down: one after the other, the last one for ever. For tests. */
export class ScriptedBus implements BusResponder {
  readonly requests: BusRequest[] = []
  readonly #answers: readonly BusAnswer[]

  constructor(answers: readonly BusAnswer[]) {
    this.#answers = answers
  }

  answer(request: BusRequest): BusAnswer {
    const answer = this.#answers[Math.min(this.requests.length, this.#answers.length - 1)]
    this.requests.push(request)
    return answer ?? { kind: 'nack' }
  }
}
