import { defineConfig } from 'vitest/config'
import HouseSequencer from './scripts/sequencer.ts'
import { isLongRun, testSeed } from './test/support/scale.ts'
import { temporaryRoot } from './test/support/temporary-root.ts'

const conditions = ['source', 'node']
const hour = 3_600_000
/** A test that ends at all ends long before, on a machine that is slow and busy too: the limit is for what hangs. */
const hangMs = 300_000

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    reporters: ['./scripts/reporter.ts'],
    setupFiles: ['./test/support/properties.ts'],
    slowTestThreshold: 30_000,
    // The default leaves a processor idle; on two of them that is half of the machine.
    maxWorkers: '100%',
    sequence: { sequencer: HouseSequencer },
    env: { KEYLINE_SEED: String(testSeed), TMPDIR: temporaryRoot() },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.process.test.ts', '**/node_modules/**'],
          pool: 'threads',
          isolate: false,
          testTimeout: isLongRun ? hour : hangMs,
        },
      },
      {
        extends: true,
        test: {
          name: 'process',
          include: ['packages/*/src/**/*.process.test.ts', 'test/**/*.test.ts'],
          pool: 'forks',
          // A process serves one file after the other, so that the sources are loaded once and not once a file.
          isolate: false,
          globalSetup: ['./test/support/built-packages.ts'],
          testTimeout: isLongRun ? hour : hangMs,
          hookTimeout: hangMs,
        },
      },
    ],
  },
})
