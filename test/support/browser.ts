import { spawnSync } from 'node:child_process'
import bundled from '@sparticuz/chromium'
import { chromium, type Browser } from 'playwright-core'

/** Names under which the systems install Chromium. */
const commands = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Starts Chromium without a window: the one of the system, otherwise the one that comes with the dependencies. */
export async function startBrowser(): Promise<Browser> {
  const installed = commands.map(pathOf).find((path) => path !== '')
  if (installed !== undefined) {
    // Chromium refuses to put a root user into its sandbox.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    return chromium.launch({ executablePath: installed, args, headless: true })
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`this test needs Chromium; install it as one of: ${commands.join(', ')}`)
  }
  const executablePath = await bundled.executablePath()
  return chromium.launch({ executablePath, args: bundled.args, headless: true })
}

/** Empty when it is not installed. */
function pathOf(command: string): string {
  const found = spawnSync('sh', ['-c', 'command -v "$0"', command], { encoding: 'utf8' })
  return found.stdout.trim()
}
