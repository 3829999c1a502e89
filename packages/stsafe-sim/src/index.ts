export {
  SimulatedBus,
  type ReadOutcome,
  type SimulatedBusOptions,
  type WriteOutcome,
} from './bus/simulated-bus.ts'
export { Chip, type ChipOptions } from './chip/chip.ts'
export { StsafeSimError, stsafeSimErrorTable, type StsafeSimErrorCode } from './errors.ts'
export { faults, parseFault, type Fault, type FaultName } from './fault/fault.ts'
export { FaultyBus } from './fault/faulty-bus.ts'
export { fileStore, loadState } from './nvm/file-store.ts'
export { stateFromJson, stateToJson } from './nvm/image.ts'
export { type StateStore } from './nvm/memory.ts'
export { parseProfile } from './nvm/profile-json.ts'
export { chipOf, spl05Profile, type Profile, type ProfileZone } from './nvm/profile.ts'
export { nonceRule, seededRandomness, trueRandomness, type Randomness } from './nvm/randomness.ts'
export type { ChipState } from './nvm/state.ts'
export { serveChip, type ServedBus, type Served, type ServeOptions } from './server/serve.ts'
export {
  makeTestRoot,
  personalise,
  type Personalisation,
  type TestRoot,
} from './nvm/personalise.ts'
