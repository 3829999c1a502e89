import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireProgram } from '../../support/program.ts'

/** `openssl s_server` on a free port, in a folder with these files. */
export async function startOpensslServer(
  files: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<AsyncDisposable & { readonly port: number }> {
  requireProgram({ command: 'openssl', debianPackage: 'openssl' })
  const folder = await mkdtemp(join(tmpdir(), 'keyline-s-server-'))
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  const child = spawn('openssl', ['s_server', '-accept', '0', ...args], { cwd: folder })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const port = await new Promise<number>((resolve, reject) => {
    let said = ''
    const hear = (part: Uint8Array): void => {
      said += new TextDecoder().decode(part)
      const found = /ACCEPT \S*:(\d+)/.exec(said)?.[1]
      if (found !== undefined) resolve(Number(found))
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('close', () => reject(new Error(`openssl s_server ended: ${said}`)))
  })
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
