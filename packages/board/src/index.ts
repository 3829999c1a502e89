export { implementationIdOf } from './attestation/platform.ts'
export {
  Bench,
  openBench,
  type BenchOptions,
  type BenchProbe,
  type BenchTarget,
} from './bench/bench.ts'
export type { BenchCallOptions, DownloadOptions } from './bench/probe.ts'
export { BoardError, boardErrorTable, type BoardErrorCode } from './errors.ts'
export { describeFault, parseFault, parseSlotFault, type SlotFault } from './fault/fault-plan.ts'
export type { FaultEntry, FaultPlace } from './fault/fault-entry.ts'
export { faultTable, isFaultName, type FaultName } from './fault/fault-table.ts'
export type { Flash } from './flash/flash.ts'
export type { Memory } from './flash/memory.ts'
export { readAddressedImage, type Segment } from './image/addressed-image.ts'
export { exampleImages, type ExampleImage } from './image/example-images.ts'
export {
  buildFirmwareImage,
  FirmwareKind,
  readFirmwareHeader,
  verifyFirmwareImage,
  type FirmwareBuild,
  type FirmwareIdentity,
  type FirmwareImageInput,
} from './image/firmware-image.ts'
export {
  measureImage,
  simulatedSignerId,
  type MeasuredComponent,
  type MeasuredKind,
} from './image/measurement.ts'
export type { RegisteredFirmware } from './image/recognise.ts'
export type { KeyPlace } from './firmware/hardware.ts'
export type { Board, Timing } from './mcu/board.ts'
export type { BootOutcome } from './mcu/boot.ts'
export type { DeviceKeyArea, FlashGeometry, Part, PartTimes } from './part/part.ts'
export {
  parts,
  stm32u385,
  stm32u575,
  stm32wb55,
  stm32wba65,
  type Platform,
} from './part/part-table.ts'
export {
  magicTrailer,
  slotLayouts,
  type SlotLayout,
  type SlotLayoutName,
} from './part/slot-layout.ts'
export type { HostPort } from './uart/serial-line.ts'
export { installTools, type InstalledTools } from './program/install-tools.ts'
export {
  BenchProgrammer,
  type BenchProgrammerOptions,
  type BenchScript,
} from './programmer/bench-programmer.ts'
export { BenchScripts, type BenchScriptsOptions } from './programmer/bench-scripts.ts'
export { GrammarRefusal, parseProgrammerCommand } from './programmer/grammar.ts'
export type { Operation } from './programmer/operation.ts'
export { runProgrammer } from './programmer/run-programmer.ts'
export type { ProgrammerInput } from './programmer/session.ts'
export { bootSet, type BootSet, type PlacedImage } from './script/boot-images.ts'
export { runScript, type ScriptInput } from './script/run-script.ts'
export {
  scriptFolders,
  type ScriptFolder,
  type ScriptName,
  type ScriptSecurity,
} from './script/script-table.ts'
export {
  openBenchServer,
  type BenchServer,
  type BenchServerOptions,
} from './server/bench-server.ts'
export { callBench } from './server/call-bench.ts'
export type { ToolTerminal } from './server/run-here.ts'
export type { ToolRequest } from './server/tool-message.ts'
