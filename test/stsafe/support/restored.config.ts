import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import base from '../../../vitest.config.ts'

const conditions = ['source', 'node']
const setup = fileURLToPath(new URL('restored-after-each.ts', import.meta.url))

/**
 * The tests of host and chip with every simulated chip saved and restored behind each command:
 * `npx vitest run --config test/stsafe/support/restored.config.ts`
 */
export default defineConfig({
  ...base,
  root: fileURLToPath(new URL('../../../', import.meta.url)),
  test: {
    ...base.test,
    projects: [
      {
        resolve: { conditions },
        ssr: { resolve: { conditions } },
        test: {
          name: 'restored',
          include: [
            'packages/stsafe/src/**/*.test.ts',
            'packages/stsafe-sim/src/**/*.test.ts',
            'test/stsafe/*.test.ts',
          ],
          exclude: ['**/random-octets.test.ts', '**/readme.*', '**/*.process.test.ts'],
          setupFiles: [
            fileURLToPath(new URL('../../support/properties.ts', import.meta.url)),
            setup,
          ],
          pool: 'forks',
          testTimeout: 600_000,
        },
      },
    ],
  },
})
