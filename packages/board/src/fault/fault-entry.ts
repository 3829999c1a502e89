/** What `at` of a fault counts. */
export type FaultPlace =
  | 'programmer call'
  | 'download'
  | 'connect'
  | 'port opening'
  | 'octet on the line, both directions'
  | 'octets between two faults'
  | 'message received or sent by the firmware'
  | 'boot'
  | 'boot with a waiting update'
  | 'session'
  | 'octet of the factory-data region'
  | 'result code'
  | 'attestation request'
  | 'token request'
  | 'measured boot'
  | 'RSSe-KW export'
  | 'board'
  | 'listing'
  | 'script run'
  | 'level of the read-out protection'

/** All that is known of one fault. */
export interface FaultEntry {
  /** Row of provisioning-station section 13 or of the fault matrix, or a section that says what must be noticed. */
  readonly row: string
  readonly meaning: string
  readonly place: FaultPlace
  /** Value of `at` when none is given. */
  readonly at: number
  /** True: from that place on. False: at that place only. */
  readonly lasts: boolean
}
