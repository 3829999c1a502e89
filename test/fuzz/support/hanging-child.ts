import { fuzz } from '../../support/fuzz/fuzz.ts'

const seed = Uint8Array.of(0xca, 0xfe)

await fuzz(
  {
    name: 'endless',
    seeds: () => [seed],
    run: (octets) => {
      while (octets[0] === 0xca) octets.at(0)
    },
  },
  { seed: 1, seconds: 1, hangMs: 200 },
)
