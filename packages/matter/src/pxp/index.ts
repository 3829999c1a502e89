export {
  decodeAttestationIdentity,
  encodeAttestationIdentity,
  type AttestationIdentity,
} from './attestation-identity.ts'
export {
  encodeAck,
  encodeFrames,
  encodeNak,
  parseFrame,
  type Frame,
  type FrameFault,
  type FrameHeader,
  type ParsedFrame,
} from './frame.ts'
export { LineSplitter } from './line-splitter.ts'
export { MessageAssembler, nextSeq, type Message, type Reception } from './message.ts'
export {
  isMessageType,
  messageTypes,
  nakReasons,
  proofPrefix,
  pxpLimits,
  sessionOrder,
  type Direction,
  type MessageType,
  type NakReason,
} from './message-type.ts'
export {
  decodeBasic,
  decodeHello,
  decodeIdent,
  decodeStored,
  encodeBasic,
  encodeHello,
  encodeIdent,
  encodeStored,
  keyStores,
  type BasicInformation,
  type Hello,
  type Ident,
  type KeyStore,
  type ProvisioningMode,
  type Stored,
} from './payload.ts'
export {
  boardResultOf,
  boardResults,
  finishText,
  hostResults,
  resultCodeText,
  type BoardResult,
  type HostResult,
  type ResultProducer,
} from './result-code.ts'
export { MessageSender, type SenderStep } from './sender.ts'
export {
  dialogueDueMs,
  openResultDialogue,
  resultDialogueTimes,
  stepResultDialogue,
  type DialogueEvent,
  type DialogueResult,
  type DialogueStep,
  type FirmwareProfile,
  type ResultDialogue,
} from './result-dialogue.ts'
