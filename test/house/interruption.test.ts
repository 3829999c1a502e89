import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { root } from '../../scripts/root.ts'

const waiting = `
import { spawn } from 'node:child_process'
it('waits', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  console.log('grandchild ' + child.pid)
  await new Promise(() => {})
})
`

describe('Ctrl+C', () => {
  it('ends a running suite with all that it started, and the command with 130', async () => {
    mkdirSync(join(root, '.cache'), { recursive: true })
    const folder = mkdtempSync(join(root, '.cache/interruption-'))
    try {
      const config = { test: { globals: true, include: ['*.test.ts'], testTimeout: 60_000 } }
      writeFileSync(join(folder, 'vitest.config.mjs'), `export default ${JSON.stringify(config)}`)
      writeFileSync(join(folder, 'wait.test.ts'), waiting)
      const child = spawn(
        process.execPath,
        ['--import', 'tsx', join(root, 'scripts/test.ts'), '--root', folder],
        { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] },
      )
      const closed = once(child, 'close')
      let output = ''
      let grandchild = 0
      for await (const chunk of child.stdout) {
        output += String(chunk)
        const [, found] = /grandchild (\d+)\n/.exec(output) ?? []
        if (grandchild !== 0 || found === undefined) continue
        grandchild = Number(found)
        child.kill('SIGINT')
      }
      expect(await closed).toEqual([130, null])
      expect(output).not.toMatch(/ passed, /)
      expect(grandchild).toBeGreaterThan(0)
      const isGone = (): void => expect(() => process.kill(grandchild, 0)).toThrow('ESRCH')
      await vi.waitFor(isGone, { timeout: 20_000 })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
