/** All that is known of one command code (section 3.1 and 1.6). */
export interface CommandEntry {
  /** `0x00` to `0x1D`, or `0x1F00 | X` for an extended code. */
  readonly code: number
  readonly title: string
  /** Protectable commands go through the access-condition lookup; raw ones are never protected by the host. */
  readonly transfer: 'protectable' | 'raw' | 'unused'
  /** Has a record in the command authorization table of the A120. */
  readonly inAccessTable: boolean
  /** Nominal processing time of the A120. */
  readonly nominalMs: number
}

/** What the reference library waits for a command whose time was not measured. */
export const unmeasuredMs = 500

type Options = Partial<Pick<CommandEntry, 'transfer' | 'inAccessTable' | 'nominalMs'>>

function standard(code: number, title: string, nominalMs: number, options?: Options): CommandEntry {
  return { code, title, transfer: 'protectable', inAccessTable: true, nominalMs, ...options }
}

function extended(code: number, title: string, options?: Options): CommandEntry {
  return standard(0x1f00 | code, title, unmeasuredMs, options)
}

const raw = { transfer: 'raw', inAccessTable: false } as const
const unused = { transfer: 'unused', inAccessTable: false } as const
const unusedInTable = { transfer: 'unused' } as const

/** Every command code of the A120, standard before extended, ascending: the order of the authorization table. */
export const commandTable = {
  echo: standard(0x00, 'Echo', 2),
  reset: standard(0x01, 'Reset', 2, raw),
  generateRandom: standard(0x02, 'Generate random', 4),
  startSession: standard(0x03, 'Start session', 22, unused),
  decrement: standard(0x04, 'Decrement', 23),
  read: standard(0x05, 'Read', 23),
  update: standard(0x06, 'Update', 22),
  increment: standard(0x07, 'Increment', 26, unused),
  deriveLoraKey: standard(0x08, 'Derive LoRa key', unmeasuredMs, unusedInTable),
  generateMac: standard(0x09, 'Generate MAC', 23),
  verifyMac: standard(0x0a, 'Verify MAC', 23),
  unwrapIssuerEnvelope: standard(0x0b, 'Unwrap issuer envelope', unmeasuredMs, unused),
  delete: standard(0x0c, 'Delete', unmeasuredMs, raw),
  hibernate: standard(0x0d, 'Hibernate', unmeasuredMs, raw),
  wrapLocalEnvelope: standard(0x0e, 'Wrap local envelope', 3),
  unwrapLocalEnvelope: standard(0x0f, 'Unwrap local envelope', 3),
  putAttribute: standard(0x10, 'Put attribute', unmeasuredMs, raw),
  generateKey: standard(0x11, 'Generate key', 32),
  putKey: standard(0x12, 'Put key', unmeasuredMs, unused),
  configure: standard(0x13, 'Configure', unmeasuredMs, unused),
  query: standard(0x14, 'Query', 5, raw),
  getSignature: standard(0x15, 'Get signature', unmeasuredMs, unusedInTable),
  generateSignature: standard(0x16, 'Generate signature', 37),
  verifySignature: standard(0x17, 'Verify signature', 62),
  establishKey: standard(0x18, 'Establish key', 83),
  standby: standard(0x19, 'Standby', unmeasuredMs, unused),
  verifyPassword: standard(0x1a, 'Verify password', unmeasuredMs),
  encrypt: standard(0x1b, 'Encrypt', 5),
  decrypt: standard(0x1c, 'Decrypt', 6),
  startHash: extended(0x00, 'Start hash'),
  processHash: extended(0x01, 'Process hash'),
  finishHash: extended(0x02, 'Finish hash'),
  startVolatileKekSession: extended(0x03, 'Start volatile KEK session'),
  establishSymmetricKeys: extended(0x04, 'Establish symmetric keys'),
  confirmSymmetricKeys: extended(0x05, 'Confirm symmetric keys'),
  stopVolatileKekSession: extended(0x06, 'Stop volatile KEK session'),
  writeHostKeyPlaintext: extended(0x07, 'Write host key V2 plaintext'),
  writeHostKeyWrapped: extended(0x08, 'Write host key V2 wrapped'),
  writeSymmetricKeyWrapped: extended(0x09, 'Write symmetric key wrapped'),
  writePublicKey: extended(0x0a, 'Write public key'),
  generateEcdheKeyPair: extended(0x0b, 'Generate ECDHE key pair'),
  extended0c: extended(0x0c, 'Extended 0C (not public)', unusedInTable),
  extended0d: extended(0x0d, 'Extended 0D (not public)', unusedInTable),
  generateChallenge: extended(0x0e, 'Generate challenge'),
  verifyEntitySignature: extended(0x0f, 'Verify entity signature'),
  deriveKeys: extended(0x10, 'Derive keys'),
  startEncrypt: extended(0x11, 'Start encrypt'),
  processEncrypt: extended(0x12, 'Process encrypt'),
  finishEncrypt: extended(0x13, 'Finish encrypt'),
  startDecrypt: extended(0x14, 'Start decrypt'),
  processDecrypt: extended(0x15, 'Process decrypt'),
  finishDecrypt: extended(0x16, 'Finish decrypt'),
  writeSymmetricKeyPlaintext: extended(0x17, 'Write symmetric key plaintext'),
  establishHostKey: extended(0x18, 'Establish host key V2'),
  eraseSymmetricKeySlot: extended(0x19, 'Erase symmetric key slot'),
  decompressPublicKey: extended(0x1a, 'Decompress public key'),
} as const satisfies Readonly<Record<string, CommandEntry>>
export type CommandName = keyof typeof commandTable

const byCode = new Map<number, CommandEntry>(
  Object.values<CommandEntry>(commandTable).map((entry) => [entry.code, entry]),
)

/** The entry of a code, or nothing when no part has it. */
export function commandOf(code: number): CommandEntry | undefined {
  return byCode.get(code)
}

export function isExtended(code: number): boolean {
  return code > 0xff
}

/** The codes with a record in the authorization table, in its order (section 3.3.7): 18 standard, 27 extended. */
export const accessTableCodes: readonly number[] = Object.values<CommandEntry>(commandTable)
  .filter((entry) => entry.inAccessTable)
  .map((entry) => entry.code)
