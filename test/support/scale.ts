/**
 * How large a suite runs and from which seed.
 * `npm test` runs the short numbers from seed 1, so that two runs are the same run;
 * `npm run test:long` sets `KEYLINE_LONG` and a seed of its own and runs the long ones.
 */
export const isLongRun: boolean = (process.env['KEYLINE_LONG'] ?? '') !== ''

/** The number of rounds of a suite: `short` under `npm test`, `long` under `npm run test:long`. */
export function scaled(short: number, long: number): number {
  return isLongRun ? long : short
}

/**
 * Seconds that a decoder is fuzzed. A second lane over the same decoders may take less (`KEYLINE_FUZZ_SECONDS`): what
 * differs between the lanes is the runtime, not the input.
 */
export function fuzzSeconds(short: number, long: number): number {
  const seconds = Number(process.env['KEYLINE_FUZZ_SECONDS'] ?? '')
  return seconds > 0 ? Math.min(seconds, scaled(short, long)) : scaled(short, long)
}

/**
 * Inputs after which a decoder has been fuzzed enough under `npm test`, if its seconds have not ended before: with the
 * same seed they are the same inputs as yesterday. What is new is drawn by the long run, which ends by the clock alone.
 */
export const fuzzInputs: number = scaled(20_000, Infinity)

/** The seed of every drawn value in a test (`KEYLINE_SEED`, 1 … 2³¹ − 1); the reporter prints it. */
export const testSeed: number = readSeed(process.env['KEYLINE_SEED'])

function readSeed(text: string | undefined): number {
  if (text === undefined || text === '') return 1
  const seed = Number(text)
  if (!Number.isSafeInteger(seed) || seed < 1 || seed > 0x7fff_ffff) {
    throw new RangeError(`KEYLINE_SEED=${text}: use a whole number of 1 to 2147483647`)
  }
  return seed
}
