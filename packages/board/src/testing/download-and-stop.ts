import { systemClock, type Clock } from '@keyline/bytes'
import { openBench } from '../bench/bench.ts'
import { bootAddress } from './bench-fixture.ts'

/** Program of the kill test: `FOLDER N` downloads an image and stands still in the Nth wait of the programmer. */
const [, , folder = '', stop = ''] = process.argv
let waits = 0

const clock: Clock = {
  ...systemClock,
  sleep: () => {
    waits++
    if (waits < Number(stop)) return Promise.resolve()
    process.stdout.write('standing still\n')
    return new Promise(() => setInterval(() => undefined, 1000))
  },
}

const bench = openBench({ folder, slots: 1, clock })
waits = 0
await bench.download('SIM000000001', bootAddress, new Uint8Array(614_400).fill(0x5a))
