import type { VectorReaders } from './catalogue.ts'

type Loader = () => Promise<VectorReaders>

const tokens: Loader = () => import('./attestation-tokens.ts')
const claims: Loader = () => import('./attestation-claims.ts')
const cose: Loader = () => import('./attestation-cose.ts')
const corim: Loader = () => import('./attestation-corim.ts')
const ear: Loader = () => import('./attestation-ear.ts')
const results: Loader = () => import('./attestation-results.ts')
const appraisal: Loader = () => import('./attestation-appraisal.ts')
const chains: Loader = () => import('./attestation-chains.ts')
const keys: Loader = () => import('./attestation-keys.ts')
const psa: Loader = () => import('./attestation-psa.ts')
const keyWrapEngine: Loader = () => import('./attestation-kwe.ts')
const stm32: Loader = () => import('./attestation-stm32.ts')
const http: Loader = () => import('./attestation-http.ts')

/** Who runs an attestation case, by its member `check`; each file holds one case. */
export const attestationChecks: Readonly<Record<string, Loader>> = {
  token: tokens,
  'claims-cbor': claims,
  'claims-json': claims,
  'claims-yaml': claims,
  'cose-sign1': cose,
  'cose-mac0': cose,
  corim,
  comid: corim,
  'ear-claims': ear,
  'ear-cbor': ear,
  'ear-submods': ear,
  'ear-tier': ear,
  'ear-status': ear,
  'ear-jwt': results,
  appraisal,
  'cose-x509': chains,
  'x509-chain': chains,
  'dua-token': chains,
  'ec-key': keys,
  'symmetric-key': keys,
  'psa-api': psa,
  'ccb-wrap': keyWrapEngine,
  'ccb-use': keyWrapEngine,
  'ccb-use-fails': keyWrapEngine,
  'rsse-import': keyWrapEngine,
  'aes-wrap': keyWrapEngine,
  'kwe-sizes': keyWrapEngine,
  'dua-certificate': stm32,
  'ca-certificate': stm32,
  'rsse-container': stm32,
  'st-sample-token': stm32,
  http,
}
