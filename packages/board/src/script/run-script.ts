import type { Clock } from '@keyline/bytes'
import type { Bench } from '../bench/bench.ts'
import { massErase, programFlash } from '../bench/probe.ts'
import type { Board } from '../mcu/board.ts'
import { benchPassword } from '../part/bench-password.ts'
import { rdpValue } from '../part/option-byte.ts'
import { bootSet } from './boot-images.ts'
import {
  bankOptions,
  regressionOptions,
  type ScriptFolder,
  type ScriptName,
} from './script-table.ts'

/** The world around a platform script. */
export interface ScriptInput {
  readonly bench: Bench
  readonly clock: Clock
  readonly name: ScriptName
  readonly folder: Pick<ScriptFolder, 'platform' | 'security'>
  /** Serial number of the probe (`STLINK_SN`); the first one when absent. */
  readonly probe?: string | undefined
  /** True: nothing is asked but the level of the read-out protection. */
  readonly isAuto: boolean
  /** Signed provisioning firmware in place of the one that the bench brings. */
  readonly firmware?: Uint8Array | undefined
  readonly write: (text: string) => void
  /** Prints the question and waits for a line. */
  readonly ask: (question: string) => Promise<string>
  readonly signal?: AbortSignal | undefined
}

/**
 * A platform script of X-CUBE-MATTER on a simulated board (provisioning-station section 5.7).
 * @returns its exit code, 0 or 1
 */
export async function runScript(input: ScriptInput): Promise<number> {
  const { bench, name, write, ask, isAuto } = input
  const probes = await bench.list()
  const probe = input.probe ?? probes[0]?.serialNumber
  if (probe === undefined) {
    write('Error: No debug probe detected.\n')
    return 1
  }
  const { faults } = bench.board(bench.slotNumberOf(probe))
  if (faults.strikes('script-asks')) await ask('The tool chain has changed. Continue? (y/n) ')
  if (faults.strikes('script-fails')) {
    write(`${name} script failed\n`)
    return 1
  }
  if (!isAuto) await ask('Press any key to continue...\n')
  try {
    await (name === 'regression' ? regress(input, probe) : provision(input, probe))
  } catch (error) {
    if (input.signal?.aborted === true) throw error
    write(`Error: ${error instanceof Error ? error.message : 'unknown'}\n${name} script failed\n`)
    return 1
  }
  write(`${name} script success\n`)
  return 0
}

/** Opens RDP level 2, goes back to level 0 with TrustZone on, removes every protection and erases everything. */
async function regress({ bench, write, signal }: ScriptInput, probe: string): Promise<void> {
  write('Regression: RDP 0, TZEN 1, unlock\n')
  const unlocking = { signal, opensLevel2: true }
  await bench.onTarget(probe, unlocking, (board) => {
    if (board.options.rdp === 2 && board.password(2) === benchPassword) {
      board.openLevel2()
      board.reset()
    }
    return Promise.resolve()
  })
  await bench.onTarget(probe, { signal }, async (board) => {
    const { options } = board
    const isBanked = options.has('DBANK')
    board.programOptions({ RDP: rdpValue.level0, TZEN: 1 })
    board.reset()
    board.programOptions({ ...regressionOptions, ...(isBanked ? bankOptions : {}) })
    board.reset()
    board.halt()
    await massErase(board, signal)
    board.flash.external?.eraseAll()
  })
}

/** Programs boot loader, keys and images, protects them, and asks for the level of the read-out protection. */
async function provision(input: ScriptInput, probe: string): Promise<void> {
  const { bench, folder, firmware, write, ask, signal } = input
  const set = bootSet(folder, firmware)
  write('Step 1: option bytes\n')
  await bench.onTarget(probe, { signal }, async (board) => {
    requireTrustZone(board)
    for (const { address, octets } of set.secure) {
      await programFlash(board, { address, octets }, { signal })
    }
    write('Step 2: boot loader, keys and secure image are programmed\n')
    board.programOptions({ SECWM1_PEND: set.lastSecurePage })
    board.reset()
    await programFlash(board, set.provisioning, { signal })
    write('Step 3: the provisioning image is programmed\n')
  })
  const answer = await ask('Define the final RDP level (0, 1 or 2): ')
  if (!['0', '1', '2'].includes(answer.trim())) throw new TypeError(`RDP level ${answer} is none`)
  const rdp = [rdpValue.level0, rdpValue.level1, rdpValue.level2][Number(answer)] ?? rdpValue.level0
  await bench.onTarget(probe, { signal }, (board) => {
    if (answer.trim() === '2') board.setPassword(2, benchPassword)
    board.programOptions({
      WRP1A_PSTRT: 2,
      WRP1A_PEND: 0xb,
      HDP1EN: 1,
      HDP1_PEND: 0xa,
      BOOT_LOCK: 1,
      RDP: rdp,
    })
    board.reset()
    return Promise.resolve()
  })
  write(`Step 4: protections are set, RDP level ${answer.trim()}\n`)
}

function requireTrustZone({ options }: Board): void {
  if (options.has('TZEN') && options.value('TZEN') === 1) return
  throw new TypeError('TrustZone is off: run the regression script first')
}
