import { SimulatedBus, type WriteOutcome } from '@keyline/stsafe-sim'

/*
 * Every simulated chip of a test run is written down, loses its contexts and is restored behind each command. What a test
 * says of a chip must hold of such a one, too.
 */
const write: (this: SimulatedBus, frame: Uint8Array) => WriteOutcome = Reflect.get(
  SimulatedBus.prototype,
  'write',
)

SimulatedBus.prototype.write = function restoring(this: SimulatedBus, frame: Uint8Array) {
  const outcome = write.call(this, frame)
  const snapshot = this.snapshot()
  const { memory } = this.chip
  const { watch } = memory
  // A fault script counts the writes of the command, not those of the restoration.
  memory.watch = undefined
  this.chip.reset()
  this.restore(snapshot)
  memory.watch = watch
  return outcome
}
