import { isKeylineError, type Clock } from '@keyline/bytes'
import { IssuerError } from '../errors.ts'
import { ListBuilder } from './build-list.ts'
import type { ListAuthority } from './list-authority.ts'
import { defaultListPolicy, listState, type ListPolicy, type ListState } from './list-life.ts'
import type { KeptList, ListStore } from './list-store.ts'

/** A list that nobody has renewed although it was due. */
export interface ListAlarm {
  readonly issuerKeyId: string
  readonly state: ListState
  /** Absent when there is none. */
  readonly nextUpdate?: number | undefined
  /** Why the list could not be made. */
  readonly error?: unknown
}

export interface ListJobsOptions {
  /** Every CA whose lists this process can sign. */
  readonly authorities: readonly ListAuthority[]
  /** Key ids of CAs whose lists are signed elsewhere, such as a PAA off-line: they are watched alone. */
  readonly watched?: readonly string[] | undefined
  readonly store: ListStore
  readonly clock: Clock
  readonly policy?: ListPolicy | undefined
  readonly onAlarm?: ((alarm: ListAlarm) => void) | undefined
  readonly onBuilt?: ((list: KeptList) => void) | undefined
}

type Handler = (payload: Readonly<Record<string, unknown>>) => Promise<void>

/**
 * The work that keeps revocation lists new: `crl.build` after a revocation, with `{ issuerKeyId }`, and `crl.watch` from time to
 * time. Both may run again at any moment; what is new enough is left alone.
 */
export function createListJobs(options: ListJobsOptions): {
  readonly 'crl.build': Handler
  readonly 'crl.watch': Handler
} {
  const { store, clock, policy = defaultListPolicy, onAlarm, onBuilt } = options
  const builders = new Map(
    options.authorities.map((authority) => [
      authority.issuerKeyId,
      new ListBuilder({ authority, store, clock, policy, onBuilt }),
    ]),
  )

  const watched = options.watched?.filter((id) => !builders.has(id)) ?? []

  const build = async (issuerKeyId: string): Promise<void> => {
    const builder = builders.get(issuerKeyId)
    if (builder !== undefined) {
      await builder.build()
      return
    }
    // The watch asks a person for it.
    if (watched.includes(issuerKeyId)) return
    const message = `the lists of CA ${issuerKeyId} cannot be signed here`
    throw new IssuerError('ISSUER_CRL_SIGNER', message)
  }

  /** A person makes this list: once there is one, or something to put into it, it must not lapse, and lack nothing. */
  const look = async (issuerKeyId: string): Promise<void> => {
    const [list, count] = await Promise.all([store.crl(issuerKeyId), store.count(issuerKeyId)])
    const state = listState(list, clock.now(), policy)
    const isGood = state === 'fresh' || state === 'due' || (state === 'none' && count === 0)
    if (isGood && (list?.count ?? 0) === count) return
    onAlarm?.({ issuerKeyId, state, nextUpdate: list?.nextUpdate })
  }

  const watch = async (issuerKeyId: string): Promise<void> => {
    const [list, count] = await Promise.all([store.crl(issuerKeyId), store.count(issuerKeyId)])
    const state = listState(list, clock.now(), policy)
    if (state === 'fresh' && list?.count === count) return
    const alarm = { issuerKeyId, state, nextUpdate: list?.nextUpdate }
    if (state === 'overdue' || state === 'lapsed') onAlarm?.(alarm)
    try {
      await build(issuerKeyId)
    } catch (error) {
      if (state !== 'fresh' && state !== 'due') onAlarm?.({ ...alarm, error })
      throw error
    }
  }

  return {
    'crl.build': async ({ issuerKeyId }) => {
      const id = typeof issuerKeyId === 'string' ? issuerKeyId : ''
      const [list, count] = await Promise.all([store.crl(id), store.count(id)])
      const isNew = listState(list, clock.now(), policy) === 'fresh' && list?.count === count
      if (!isNew) await build(id)
    },
    'crl.watch': async () => {
      for (const issuerKeyId of watched) await look(issuerKeyId)
      const errors: unknown[] = []
      for (const issuerKeyId of builders.keys()) {
        try {
          await watch(issuerKeyId)
        } catch (error) {
          // One CA whose signer is away does not keep the others from their lists.
          if (!isKeylineError(error)) throw error
          errors.push(error)
        }
      }
      if (errors.length > 0) throw errors[0]
    },
  }
}
