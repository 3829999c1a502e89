export { fromBase64, fromBase64url, toBase64, toBase64url } from './base64.ts'
export { canonicalJson, type JsonValue } from './canonical-json.ts'
export { bitChoice, bitFields, bits, flag, flagSet, type BitPart } from './bit-fields.ts'
export {
  chain,
  choice,
  lengthPrefixed,
  list,
  listToEnd,
  mapped,
  prefixedBy,
  remaining,
} from './combinators.ts'
export {
  interruption,
  startTimer,
  systemClock,
  throwIfInterrupted,
  withDeadline,
  type Clock,
  type DeadlineOptions,
} from './clock.ts'
export {
  describeError,
  isBoardAtFault,
  isKeylineError,
  isRetryable,
  KeylineError,
  type ErrorDetails,
  type ErrorEntry,
  type ErrorOptionsOf,
  type ErrorTable,
  type Fault,
} from './error.ts'
export { BytesError, bytesErrorTable, type BytesErrorCode } from './errors.ts'
export {
  describeFinding,
  hasErrors,
  type Finding,
  type RuleEntry,
  type RuleTable,
  type Severity,
} from './finding.ts'
export { fromHex, toHex, toHexUpper } from './hex.ts'
export {
  decode,
  encode,
  layout,
  octets,
  prefixedOctets,
  u16be,
  u16le,
  u32be,
  u32le,
  u8,
  type Field,
  type ValueOf,
} from './layout.ts'
export {
  concat,
  decodeUtf8,
  encodeUtf8,
  equalOctets,
  equalSecret,
  isFilledWith,
  isWellFormedText,
} from './octets.ts'
export { seededRandom, systemRandom, uniformBelow, type Random } from './random.ts'
export { parseJson, type JsonLimits } from './json.ts'
export { ByteReader } from './reader.ts'
export { Secret } from './secret.ts'
export { VirtualClock } from './virtual-clock.ts'
export { ByteWriter } from './writer.ts'
