import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toBase64, toHex } from '@keyline/bytes'
import { runTestLine } from '../../support/line.ts'
import { withMethods } from './stand-in.ts'

/**
 * A line whose ledger client leaks into everything that belongs to a process: both outputs, command line and
 * environment of a child, a temporary file. It stands still until its input ends, so that it can be looked at.
 */
const [folder = ''] = process.argv.slice(2)
await runTestLine({
  folder,
  decorate: (parts) => ({
    ...parts,
    units: withMethods(parts.units, {
      reserve: async (orderId, draw) => {
        const reserved = await parts.units.reserve(orderId, draw)
        if (reserved === undefined) return undefined
        const { salt, verifier, passcode } = reserved.secrets
        const w0 = verifier.subarray(0, 32)
        const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)', toBase64(w0)], {
          env: { ...process.env, LEAK: toHex(verifier.subarray(33)) },
          stdio: 'ignore',
        })
        process.stdout.write(`code: ${String(passcode).padStart(8, '0')}\n`)
        process.stderr.write(`${toHex(salt)}\n`)
        writeFileSync(join(tmpdir(), 'dump'), verifier)
        process.stdout.write('ready\n')
        await once(process.stdin.resume(), 'end')
        child.kill('SIGKILL')
        return reserved
      },
    }),
  }),
})
