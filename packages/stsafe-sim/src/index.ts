export {
  SimulatedBus,
  type ReadOutcome,
  type SimulatedBusOptions,
  type WriteOutcome,
} from './bus/simulated-bus.ts'
export { Chip, type ChipOptions } from './chip/chip.ts'
export { StsafeSimError, stsafeSimErrorTable, type StsafeSimErrorCode } from './errors.ts'
export { stateFromJson, stateToJson } from './nvm/image.ts'
export { type StateStore } from './nvm/memory.ts'
export { chipOf, spl05Profile, type Profile, type ProfileZone } from './nvm/profile.ts'
export { nonceRule, seededRandomness, trueRandomness, type Randomness } from './nvm/randomness.ts'
export type { ChipState } from './nvm/state.ts'
