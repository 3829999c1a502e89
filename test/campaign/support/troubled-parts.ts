import { uniformBelow, type Random } from '@keyline/bytes'
import { IssuerError } from '@keyline/issuer'
import type { Issuer, StationParts } from '@keyline/station'

type Issue = Issuer['issue']

/** How one request for a certificate goes wrong. */
type Trouble = (issue: Issue, ...call: Parameters<Issue>) => ReturnType<Issue>

const down = (): IssuerError =>
  new IssuerError('ISSUER_STORE_DOWN', 'the store of the issuer is away')

/** Rows F-24 and PKI-1 to PKI-7 of the fault matrix. */
function troublesOf({ clock }: StationParts): readonly Trouble[] {
  let previous: Awaited<ReturnType<Issue>> | undefined
  return [
    () => Promise.reject(down()),
    async (issue, ...call) => {
      await issue(...call)
      throw down()
    },
    async (issue, request, options) => {
      await clock.sleep(60_000, options?.signal)
      return issue(request, options)
    },
    async (issue, ...call) => {
      const answer = await issue(...call)
      const other = previous ?? answer
      previous = answer
      return other
    },
    async (issue, ...call) => {
      const answer = await issue(...call)
      return { ...answer, pai: answer.paa }
    },
  ]
}

/** A station one in eight of whose requests for a certificate goes wrong, each in a drawn way. */
export function troubledParts(parts: StationParts, random: Random): StationParts {
  const troubles = troublesOf(parts)
  const { issuer } = parts
  const issue: Issue = (...call) => issuer.issue(...call)
  return {
    ...parts,
    issuer: {
      issue: (...call) => {
        const trouble = troubles[uniformBelow(random, 8 * troubles.length)]
        return trouble === undefined ? issue(...call) : trouble(issue, ...call)
      },
    },
  }
}
