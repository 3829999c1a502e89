/** What a provisioning manager is told of the board whose exchange it conducts. */
export interface ManagerRequest {
  /** Name of the serial port, as the programmer lists it now. No port of the station is open meanwhile. */
  readonly port: string
  /** 0: test, 1: production. */
  readonly mode: 0 | 1
  /** Text that stands before each message of the manager. */
  readonly header: string
  readonly serialNumber: string
  /** Names the run of this unit, for the records of the manager. */
  readonly job: string
  /** PKCS#10 DER to certificates, DER; for a manager that brings the request of the board itself. */
  certificateFor(csr: Uint8Array): Promise<{ readonly dac: Uint8Array; readonly pai: Uint8Array }>
  /** Printable text, without secrets. */
  onLog(text: string): void
}

/** How a manager ended. Only `ok` is success; whether the board holds what it should is checked afterwards. */
export interface ManagerOutcome {
  readonly ok: boolean
  /** Result code of provisioning-station section 6.4; 0 exactly when `ok`. */
  readonly code: number
  /** Word for the code, or for what ended the manager: `crashed`, `hung`, `flood`, … */
  readonly reason: string
  readonly message: string
}

/**
 * Conducts the exchange with a board in place of the built-in dialogue (provisioning-station section 6.6).
 * It ends by itself within its limit, and whatever goes wrong inside it is an outcome.
 */
export interface ProvisioningManager {
  readonly name: string
  /** @throws BytesError `INTERRUPTED` when the signal fires; then nothing of the manager runs any more */
  provision(
    request: ManagerRequest,
    options: { readonly signal: AbortSignal },
  ): Promise<ManagerOutcome>
}
