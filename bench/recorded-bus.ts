import type { BusResponder } from '@keyline/stsafe'
import type { BusAnswer, BusRequest } from '@keyline/stsafe/layout'

/** What went over a bus: writes and reads, and the octets of all of them. */
export interface Traffic {
  readonly transfers: number
  readonly octets: number
}

/** Lets a chip answer and keeps its answers, in their order. */
export class RecordedBus implements BusResponder {
  readonly answers: BusAnswer[] = []
  readonly #chip: { answer(request: BusRequest): BusAnswer }
  #octets = 0

  constructor(chip: { answer(request: BusRequest): BusAnswer }) {
    this.#chip = chip
  }

  get traffic(): Traffic {
    return { transfers: this.answers.length, octets: this.#octets }
  }

  answer(request: BusRequest): BusAnswer {
    const answer = this.#chip.answer(request)
    this.answers.push(answer)
    this.#octets += request.kind === 'write' ? request.data.length : 0
    this.#octets += answer.kind === 'done' ? answer.data.length : 0
    return answer
  }
}

/** Gives recorded answers again, in their order and from the first one again: a chip that costs nothing. */
export class ReplayedBus implements BusResponder {
  readonly #answers: readonly BusAnswer[]
  #next = 0

  constructor(answers: readonly BusAnswer[]) {
    this.#answers = answers
  }

  get isAtStart(): boolean {
    return this.#next === 0
  }

  answer(): BusAnswer {
    const answer = this.#answers[this.#next] ?? { kind: 'nack' }
    this.#next = (this.#next + 1) % this.#answers.length
    return answer
  }
}
