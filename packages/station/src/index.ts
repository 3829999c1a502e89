export {
  batchFileExists,
  createUnitFile,
  UnitFile,
  type BatchFile,
  type BatchFileEnd,
} from './batch/batch-file.ts'
export { blockRandom } from './batch/block-random.ts'
export {
  generateUnit,
  type BatchProduct,
  type CredentialSource,
  type DeviceCertificates,
  type GeneratedUnit,
  type GenerateOptions,
} from './batch/generate-unit.ts'
export { UnitMaker, type UnitMakerOptions, type UnitRange } from './batch/make-units.ts'
export { readUnits, type ReadUnitsOptions } from './batch/read-units.ts'
export { runBatch, type BatchRun, type BatchStore, type MadeUnits } from './batch/run-batch.ts'
export {
  plainLines,
  sealedLines,
  type SealedLinesOptions,
  type UnitLines,
  type UnitRecord,
} from './batch/unit-line.ts'
export {
  evidenceForWbaSecurity0,
  knownEvidence,
  reviewEvidence,
  type EvidenceRule,
} from './evidence/required.ts'
export { runTokenDialogue, type TokenAnswers } from './dialogue/token-dialogue.ts'
export { issuedChainProblems, type Authorities } from './evidence/issued-chain.ts'
export { decideVerdict, type VerdictInput } from './evidence/verdict.ts'
export { RefusedInput, StationError, stationErrorTable, type StationErrorCode } from './errors.ts'
export type { EventSink, RunSummary, StationEvent, StepTime } from './flow/events.ts'
export { deviceFlow } from './flow/device-flow.ts'
export { flowOf, wbaSecurity0, type Flow } from './flow/flows.ts'
export type { StationParts } from './flow/station-parts.ts'
export type { Step, StepName } from './flow/step.ts'
export type { UnitWork } from './flow/unit-work.ts'
export { describeOperation } from './gen-factory-data/describe-plan.ts'
export {
  givenDevice,
  givenOrder,
  type GivenDevice,
  type GivenOrder,
  type GivenOrderInput,
} from './given/given-order.ts'
export { defaultLoader, isExternal } from './gen-factory-data/memory-map.ts'
export { optionHelp, optionTable, type OptionName } from './gen-factory-data/option-table.ts'
export { optionRules, type OptionRule } from './gen-factory-data/option-rules.ts'
export {
  planOf,
  type Operation,
  type PlanBoard,
  type ProgramPart,
  type ScriptName,
} from './gen-factory-data/plan.ts'
export { resolveOptions, type ResolvedOptions } from './gen-factory-data/resolve-options.ts'
export type { RunOptions } from './gen-factory-data/run-options.ts'
export {
  runPlan,
  type BoardOutcome,
  type OperationOutcome,
  type PlanActs,
  type PlanRun,
  type PlanSummary,
} from './gen-factory-data/run-plan.ts'
export {
  Journal,
  type JournalEntry,
  type JournalOptions,
  type JournalPoint,
} from './journal/journal-file.ts'
export { proveJournal, readJournal, type JournalContent } from './journal/journal-reader.ts'
export {
  labelOfReadBack,
  labelRefusal,
  type LabelContent,
  type ReadBackLabel,
} from './label/label-content.ts'
export {
  labelFormats,
  prepareLabels,
  writeLabelFiles,
  writeLabelSheet,
  type LabelFilesOptions,
  type LabelFormat,
} from './label/label-files.ts'
export { labelPdf } from './label/label-pdf.ts'
export { labelSvg } from './label/label-svg.ts'
export { checkStation, type CheckStationOptions } from './line/check-station.ts'
export { crashLoopOf, type CrashLoop } from './line/crash-loop.ts'
export { takeLock, type Lock } from './line/lock.ts'
export { withSecondConnect } from './line/second-connect.ts'
export { runLine, type LineOptions } from './line/run-line.ts'
export { bindingOf, placeSlots, type BoundSlot, type UsbLocations } from './line/slot-binding.ts'
export { findManager, type FindManagerOptions } from './manager/find-manager.ts'
export { managerFaults, type ManagerFault } from './manager/outcome.ts'
export { checkChain, type ChainInput } from './order/check-chain.ts'
export type { ChipAuthority } from './order/check-attestation.ts'
export { checkOrder } from './order/check-order.ts'
export { loadAnyOrder, type LoadedDeviceOrder } from './order/load-any-order.ts'
export { loadOrder, type LoadedOrder } from './order/load-order.ts'
export { orderFinding, orderRules } from './order/order-rules.ts'
export {
  isForDevices,
  type AnyPreparedOrder,
  type PreparedDeviceOrder,
} from './order/prepared-order.ts'
export type {
  CoprocessorImage,
  FirmwareImage,
  OrderImages,
  PreparedOrder,
} from './order/prepared-order.ts'
export { orderOfStJson, type StOrderDefaults } from './order/st-product.ts'
export type { ChipCertificates, ProofProblem } from './port/chip-certificates.ts'
export type {
  DeviceKeyProgrammer,
  WrappedKey,
  WrappedKeyRequest,
} from './port/device-key-programmer.ts'
export type { Fixture } from './port/fixture.ts'
export type { IssuedCertificate, Issuer, IssueRequest } from './port/issuer.ts'
export type { ManagerOutcome, ManagerRequest, ProvisioningManager } from './port/manager.ts'
export type { PlatformScripts } from './port/platform-scripts.ts'
export type { CallOptions, Probe, Programmer, Target } from './port/programmer.ts'
export type { ElementIdentity, ElementKeyRecord, SecureElement } from './port/secure-element.ts'
export type { SerialPort, SerialPorts } from './port/serial-port.ts'
export type { ReservedUnit, UnitStore } from './port/unit-store.ts'
export type { WirelessProgrammer } from './port/wireless-programmer.ts'
export type { Command } from './programmer/command.ts'
export {
  createCubeProgrammer,
  type CubeProgrammer,
  type CubeProgrammerOptions,
  type ProgrammerCall,
} from './programmer/cube-programmer.ts'
export { findProgrammer, type FindOptions } from './programmer/find-programmer.ts'
export {
  createPlatformScripts,
  createScriptRunner,
  findScripts,
  type PlatformScript,
  type ScriptRunnerOptions,
  type ScriptFolder,
} from './programmer/platform-script.ts'
export { judgeCall, type CallReport, type ErrorClass } from './programmer/judge-call.ts'
export { readCommandLine, type ReadCommandLine } from './programmer/read-command-line.ts'
export {
  readList,
  type BoardList,
  type ListedPort,
  type ListedProbe,
} from './programmer/read-list.ts'
export {
  attestedKeyOf,
  orderCorim,
  type AttestedKey,
  type OrderCorimInput,
} from './results/order-corim.ts'
export {
  passportOf,
  type Passport,
  type PassportCertificate,
  type PassportInput,
} from './results/passport.ts'
export { ReconfigureActs, type ReconfigureOptions } from './reconfigure/reconfigure-acts.ts'
export type { ReconfigureEvent } from './reconfigure/reconfigure-event.ts'
export { summaryText } from './results/summary-text.ts'
export {
  removeUnitFiles,
  unitFolder,
  writePassport,
  writeUnitFiles,
  type UnitFiles,
} from './results/unit-files.ts'
export { makeResultFolder, removeResult, writeWhole } from './results/write-file.ts'
export { findPort, type FindPortOptions } from './serial/find-port.ts'
export type { AbandonedPort, SerialLimits } from './serial/open-serial-port.ts'
export { parsePortName, type PortPlace } from './serial/port-name.ts'
export { createSerialPorts, type SerialPortsOptions } from './serial/serial-ports.ts'
export { drawSecrets } from './unit/draw-secrets.ts'
export { factoryDataOf } from './unit/factory-data-of.ts'
export { onboardingOf, type OnboardingCodes } from './unit/onboarding-of.ts'
