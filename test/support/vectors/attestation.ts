import type { VectorReaders } from './catalogue.ts'

type Loader = () => Promise<VectorReaders>

const tokens: Loader = () => import('./attestation-tokens.ts')
const claims: Loader = () => import('./attestation-claims.ts')
const cose: Loader = () => import('./attestation-cose.ts')
const keys: Loader = () => import('./attestation-keys.ts')

/** Who runs an attestation case, by its member `check`; each file holds one case. */
export const attestationChecks: Readonly<Record<string, Loader>> = {
  token: tokens,
  'claims-cbor': claims,
  'claims-json': claims,
  'claims-yaml': claims,
  'cose-sign1': cose,
  'cose-mac0': cose,
  'ec-key': keys,
  'symmetric-key': keys,
}
