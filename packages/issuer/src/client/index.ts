export type { DacChain, DacRequest } from '../issue/local-issuer.ts'
