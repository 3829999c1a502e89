/** CBOR tags of endorsements (draft-ietf-rats-corim). */
export const CorimTag = {
  epochTime: 1,
  uri: 32,
  uuid: 37,
  oid: 111,
  corim: 501,
  coswid: 505,
  comid: 506,
  cotl: 508,
  ueid: 550,
  svn: 552,
  minSvn: 553,
  publicKey: 554,
  certificate: 555,
  certificatePath: 556,
  keyThumbprint: 557,
  coseKey: 558,
  certificateThumbprint: 559,
  bytes: 560,
  /** Of the older PSA profile. */
  implementationId: 600,
  referenceValueId: 601,
} as const

/** Members of a CoRIM. */
export const CorimKey = {
  id: 0,
  tags: 1,
  dependentRims: 2,
  profile: 3,
  validity: 4,
  entities: 5,
} as const

/** Members of a CoMID. */
export const ComidKey = {
  language: 0,
  identity: 1,
  entities: 2,
  linkedTags: 3,
  triples: 4,
} as const

/** Kinds of triples in a CoMID. */
export const TripleKey = {
  reference: 0,
  endorsed: 1,
  identity: 2,
  attestKey: 3,
  conditionalSeries: 8,
  /** Of authoring drafts; the core draft uses 10. */
  draftConditional: 9,
  conditional: 10,
} as const

/** Members of an environment and of its class. */
export const EnvironmentKey = { class: 0, instance: 1, group: 2 } as const
export const ClassKey = { id: 0, vendor: 1, model: 2, layer: 3, index: 4 } as const

/** Members of a measurement, and of its values. */
export const MeasurementKey = { key: 0, values: 1, authorisedBy: 2 } as const
export const ValueKey = {
  version: 0,
  svn: 1,
  digests: 2,
  flags: 3,
  rawValue: 4,
  name: 11,
  cryptoKeys: 13,
} as const
export const VersionKey = { text: 0, scheme: 1 } as const

/** Members of an entity, of a validity period, and of the meta data of a signed CoRIM. */
export const EntityKey = { name: 0, uri: 1, roles: 2 } as const
export const ValidityKey = { notBefore: 0, notAfter: 1 } as const
export const MetaKey = { signer: 0, validity: 1 } as const
