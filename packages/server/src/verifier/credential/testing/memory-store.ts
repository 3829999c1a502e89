import { MemoryTrustStore, type CertificateTrust } from '@keyline/verifier'
import type {
  AppraisalRecord,
  CorimRecord,
  PolicyRecord,
  SeenSet,
  SessionStore,
  VerifierStore,
} from '../../port.ts'

/** The store of one tenant, in memory, as far as provisioning and management ask it. */
export interface MemoryStore extends VerifierStore {
  readonly trust: MemoryTrustStore
  readonly corimRecords: CorimRecord[]
  readonly policyRecords: PolicyRecord[]
  readonly appraisalRecords: AppraisalRecord[]
  /** Who activated and deactivated what. */
  readonly acts: string[]
}

export function memoryStore(certificates?: CertificateTrust): MemoryStore {
  const trust = new MemoryTrustStore(certificates)
  const corimRecords: CorimRecord[] = []
  const policyRecords: PolicyRecord[] = []
  const appraisalRecords: AppraisalRecord[] = []
  const acts: string[] = []
  const setActive = (uuid: string | undefined): void => {
    for (const [index, policy] of policyRecords.entries()) {
      policyRecords[index] = { ...policy, isActive: policy.uuid === uuid }
    }
  }
  return {
    trust,
    endorsements: trust,
    sessions: noSessions,
    seen: nothingSeen,
    corimRecords,
    policyRecords,
    appraisalRecords,
    acts,
    corims: {
      record: async (corim) => void corimRecords.unshift(corim),
      list: async (limit) => corimRecords.slice(0, limit),
    },
    policies: {
      add: async (policy) => void policyRecords.push({ ...policy, isActive: false }),
      active: () => policyRecords.find(({ isActive }) => isActive),
      find: async (_scheme, uuid) => policyRecords.find((policy) => policy.uuid === uuid),
      list: async (_scheme, name) =>
        policyRecords.filter((policy) => name === undefined || policy.name === name),
      activate: async (_scheme, uuid, actor) => {
        acts.push(`${actor} activates`)
        setActive(uuid)
        return policyRecords.some((policy) => policy.uuid === uuid)
      },
      deactivate: async (_scheme, actor) => {
        acts.push(`${actor} deactivates`)
        setActive(undefined)
      },
    },
    appraisals: {
      append: async (records) => void appraisalRecords.unshift(...records),
      list: async ({ limit, instanceId }) =>
        appraisalRecords
          .filter((record) => instanceId === undefined || record.instanceId === instanceId)
          .slice(0, limit),
      sweep: async () => 0,
    },
  }
}

const noSessions: SessionStore = {
  open: async () => undefined,
  find: async () => undefined,
  claim: async () => undefined,
  finish: async () => undefined,
  delete: async () => false,
  sweep: async () => 0,
}

const nothingSeen: SeenSet = { enter: async () => 'new', sweep: async () => 0 }
