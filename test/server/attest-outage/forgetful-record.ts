import type { VerifierRecord } from '@keyline/server'
import { ReferenceSet } from '@keyline/verifier'

/** A record with the fault that must never be: what it cannot read is not there. */
export function forgetfulRecord(record: VerifierRecord): VerifierRecord {
  const { credentials } = record
  return {
    credentials,
    setting: (name) => record.setting(name),
    setSetting: (name, value) => record.setSetting(name, value),
    addSetting: (name, value) => record.addSetting(name, value),
    ping: () => record.ping(),
    tenant: (name) => {
      const store = record.tenant(name)
      const { trust, endorsements, sessions, seen, policies, corims, appraisals } = store
      return {
        endorsements,
        sessions,
        seen,
        corims,
        appraisals,
        policies: {
          add: (policy) => policies.add(policy),
          active: (scheme) => orElse(undefined, () => policies.active(scheme)),
          find: (scheme, uuid) => policies.find(scheme, uuid),
          list: (scheme, named) => policies.list(scheme, named),
          activate: (scheme, uuid, actor) => policies.activate(scheme, uuid, actor),
          deactivate: (scheme, actor) => policies.deactivate(scheme, actor),
        },
        trust: {
          findAnchor: (implementation, instance) =>
            orElse(undefined, () => trust.findAnchor(implementation, instance)),
          referencesOf: (implementation) =>
            orElse(new ReferenceSet([]), () => trust.referencesOf(implementation)),
          certificationsOf: (implementation) =>
            orElse([], () => trust.certificationsOf(implementation)),
          certificateTrust: () => orElse({ anchors: [] }, () => trust.certificateTrust()),
        },
      }
    },
  }
}

async function orElse<T>(absent: T, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read()
  } catch {
    return absent
  }
}
