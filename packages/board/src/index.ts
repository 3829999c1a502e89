export {
  Bench,
  openBench,
  type BenchOptions,
  type BenchProbe,
  type BenchTarget,
} from './bench/bench.ts'
export type { BenchCallOptions } from './bench/probe.ts'
export { BoardError, boardErrorTable, type BoardErrorCode } from './errors.ts'
export { parseFault, type SlotFault } from './fault/fault-plan.ts'
export type { FaultEntry, FaultPlace } from './fault/fault-entry.ts'
export { faultTable, isFaultName, type FaultName } from './fault/fault-table.ts'
export type { Flash } from './flash/flash.ts'
export type { Memory } from './flash/memory.ts'
export { exampleImages, type ExampleImage } from './image/example-images.ts'
export {
  buildFirmwareImage,
  FirmwareKind,
  readFirmwareHeader,
  type FirmwareIdentity,
  type FirmwareImageInput,
} from './image/firmware-image.ts'
export type { RegisteredFirmware } from './image/recognise.ts'
export type { Board, Timing } from './mcu/board.ts'
export type { FlashGeometry, Part, PartTimes } from './part/part.ts'
export { parts, stm32u575, stm32wb55, stm32wba65, type Platform } from './part/part-table.ts'
export {
  magicTrailer,
  slotLayouts,
  type SlotLayout,
  type SlotLayoutName,
} from './part/slot-layout.ts'
export type { HostPort } from './uart/serial-line.ts'
