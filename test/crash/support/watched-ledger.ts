import type { Ledger } from '@keyline/ledger'
import type { EndorsementStore } from '@keyline/verifier'
import type { CrashPoints } from './crash-points.ts'
import type { Sabotage } from './line-job.ts'

/** Calls that change the ledger, or whose answer decides what is done next. */
const watched: ReadonlySet<PropertyKey> = new Set<keyof Ledger>([
  'createOrder',
  'reserve',
  'undecided',
  'bind',
  'record',
  'certificateOf',
  'voidCertificate',
  'decide',
  'unit',
  'setSetting',
  'head',
])

/** The ledger with a crash point before and behind each call; sabotage puts itself in place of one of them. */
export function watchLedger(ledger: Ledger, points: CrashPoints, sabotage?: Sabotage): Ledger {
  const replaced = sabotage === undefined ? {} : (replacements[sabotage] ?? {})
  return new Proxy(ledger, {
    get(target, name) {
      const member: unknown = Reflect.get(name in replaced ? replaced : target, name, target)
      if (typeof member !== 'function') return member
      if (!watched.has(name)) return member.bind(target)
      return (...values: readonly unknown[]) =>
        points.around(`ledger.${String(name)}`, () => Reflect.apply(member, target, values))
    },
  })
}

/** The store of a verifier with a crash point before and behind each import, and in front of its end. */
export function watchEndorsements(store: EndorsementStore, points: CrashPoints): EndorsementStore {
  return {
    setState: (instanceId, state) => store.setState(instanceId, state),
    begin: async (source) => {
      const transaction = await points.around('endorsements.begin', async () => store.begin(source))
      return {
        addAnchor: (anchor, options) => transaction.addAnchor(anchor, options),
        addReference: (value) => transaction.addReference(value),
        addCertification: (value) => transaction.addCertification(value),
        rollback: () => transaction.rollback(),
        commit: () => points.around('endorsements.commit', async () => transaction.commit()),
      }
    },
  }
}

const replacements: Readonly<Partial<Record<Sabotage, Partial<Ledger>>>> = {
  'certificate-leaves-unrecorded': {
    record: ({ certificate }) => Promise.resolve({ certificate, replayed: false }),
  },
  'lost-certificate-stays-live': { voidCertificate: () => Promise.resolve() },
  'verdict-stays-in-the-journal': { decide: () => Promise.resolve() },
}
