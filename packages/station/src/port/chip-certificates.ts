/** Why an attestation key is not proven. */
export interface ProofProblem {
  /** A code of attestation chapter 12, or one of the software that a token reports. */
  readonly code: string
  readonly message: string
  /** True: the order, its authorities or the clock of the station are wrong, not the board. */
  readonly isStation: boolean
}

/** The authorities of an order, which certify the keys of chips. */
export interface ChipCertificates {
  /**
   * Follows the certificate of a chip to an authority of the order, and compares its key.
   * @param certificate X.509 DER
   * @param publicKey `04 ‖ X ‖ Y`, as the chip shows it
   * @param now milliseconds since 1970
   */
  problemOf(certificate: Uint8Array, publicKey: Uint8Array, now: number): ProofProblem | undefined
}
