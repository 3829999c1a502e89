import type { DacChain, DacRequest } from '../issue/local-issuer.ts'

export interface IssueOptions {
  readonly signal?: AbortSignal | undefined
}

/** Whether an issuer would serve a request now. */
export type IssuerHealth =
  | { readonly isReady: true }
  | { readonly isReady: false; readonly reason: string }

/** A way to certificates: a server, a folder, a program, or one of these with a check around it. */
export interface IssuerClient {
  /**
   * The same idempotency key gives the same certificate, however often and by whichever process it is asked for.
   * @throws IssuerError, with the fault that decides the verdict
   */
  issue(request: DacRequest, options?: IssueOptions): Promise<DacChain>
  health(options?: IssueOptions): Promise<IssuerHealth>
  close(): Promise<void>
}
