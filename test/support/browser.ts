import { spawnSync } from 'node:child_process'
import chromium from '@sparticuz/chromium'
import { chromium as playwright, type Browser } from 'playwright-core'

/** Names under which the systems install Chromium. */
const commands = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Starts Chromium without a window: the one of the system, or the one that comes with the dependencies. */
export async function startBrowser(): Promise<Browser> {
  const installed = commands.map(pathOf).find((path) => path !== '')
  const isRoot = process.getuid?.() === 0
  return playwright.launch(
    installed === undefined
      ? { executablePath: await chromium.executablePath(), args: chromium.args, headless: true }
      : { executablePath: installed, args: isRoot ? ['--no-sandbox'] : [], headless: true },
  )
}

/** Empty when it is not installed. */
function pathOf(command: string): string {
  const found = spawnSync('sh', ['-c', 'command -v "$0"', command], { encoding: 'utf8' })
  return found.stdout.trim()
}
