/** Who sends a message. */
export type Direction = 'host' | 'board' | 'either'

/** All that is known of one message type. */
interface MessageTypeEntry {
  readonly direction: Direction
  readonly payload: string
}

/** Every PXP/1 message (station 7.4) and the messages of the simulated application (station 12.2). */
export const messageTypes = {
  HELLO: { direction: 'host', payload: 'JSON, see Hello' },
  IDENT: { direction: 'board', payload: 'JSON, see Ident' },
  CSR: { direction: 'board', payload: 'PKCS#10 DER' },
  DAC: { direction: 'host', payload: 'X.509 DER' },
  PAI: { direction: 'host', payload: 'X.509 DER' },
  COMMIT: { direction: 'host', payload: 'SHA-256 of DAC ‖ PAI, 32 octets' },
  STORED: { direction: 'board', payload: 'JSON, see Stored' },
  CHAL: { direction: 'host', payload: 'challenge, 32 octets' },
  PROOF: { direction: 'board', payload: 'signature r ‖ s, 64 octets' },
  DONE: { direction: 'host', payload: 'empty' },
  ABORT: { direction: 'either', payload: 'UTF-8 reason' },
  LOG: { direction: 'board', payload: 'UTF-8 text' },
  ACK: { direction: 'either', payload: 'empty' },
  NAK: { direction: 'either', payload: 'UTF-8 reason, see nakReasons' },
  ATTREQ: { direction: 'host', payload: 'nonce, 32 octets ‖ attestation challenge, 16 octets' },
  ATTRSP: { direction: 'board', payload: 'attestation elements, TLV' },
  ATTSIG: { direction: 'board', payload: 'signature r ‖ s, 64 octets' },
  BASIC: { direction: 'either', payload: 'empty from the host, JSON from the board' },
  TOKREQ: { direction: 'host', payload: 'challenge, 32, 48 or 64 octets' },
  TOKEN: { direction: 'board', payload: 'attestation token, COSE as CBOR octets' },
  IAKREQ: { direction: 'host', payload: 'empty' },
  IAKRSP: { direction: 'board', payload: 'attestation identity, see AttestationIdentity' },
} as const satisfies Readonly<Record<string, MessageTypeEntry>>

export type MessageType = keyof typeof messageTypes

/** True for a type of the table; frames may carry others, which are answered by NAK `type`. */
export function isMessageType(text: string): text is MessageType {
  return Object.hasOwn(messageTypes, text)
}

/** The messages of a provisioning session in their order (station 7.4). */
export const sessionOrder = [
  'HELLO',
  'IDENT',
  'CSR',
  'DAC',
  'PAI',
  'COMMIT',
  'STORED',
  'CHAL',
  'PROOF',
  'DONE',
] as const satisfies readonly MessageType[]

/** What stands in front of the challenge when the board proves possession of its key (station 7.4). */
export const proofPrefix = 'PXP1-PROOF'

/** Why a fragment was not taken (station 7.3). */
export const nakReasons = ['crc', 'syntax', 'size', 'order', 'type', 'state'] as const
export type NakReason = (typeof nakReasons)[number]

/** Limits of frames, messages and waits (station 7.1 to 7.4). Lengths in octets, times in milliseconds. */
export const pxpLimits = {
  lineLength: 384,
  fragmentLength: 240,
  fragmentCount: 99,
  messageLength: 8192,
  sequenceMax: 65_535,
  /** Wait for ACK or NAK before a fragment is sent again. */
  answerTimeoutMs: 2000,
  /** A fragment is sent once and then repeated at most this often. */
  repetitions: 3,
  /** Wait of either side for the next message, restarted by each message. */
  messageTimeoutMs: 30_000,
  /** Part of a host wait that the issuer may take. */
  issuerTimeoutMs: 25_000,
  /** Wait of the board for HELLO after `Start_provisioning PXP/1`. */
  helloTimeoutMs: 5000,
  /** Length of COMMIT, CHAL, PROOF and of the two parts of ATTREQ. */
  commitLength: 32,
  challengeLength: 32,
  proofLength: 64,
  nonceLength: 32,
  attestationChallengeLength: 16,
} as const
