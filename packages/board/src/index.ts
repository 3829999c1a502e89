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
export {
  faultTable,
  isFaultName,
  type FaultEntry,
  type FaultName,
  type FaultPlace,
} from './fault/fault-table.ts'
export type { Flash } from './flash/flash.ts'
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
export { stm32wba65, type FlashGeometry, type Part, type PartTimes } from './part/part.ts'
export type { HostPort } from './uart/serial-line.ts'
