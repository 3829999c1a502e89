import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parseJson } from '@keyline/bytes'
import { temporaryFolder } from '../../support/line.ts'
import { keyline, type Ended } from './keyline.ts'

/** A simulated chip in a file of a temporary folder, and the commands for it. */
export class CommandLineChip implements AsyncDisposable {
  readonly #folder: Awaited<ReturnType<typeof temporaryFolder>>
  readonly device: readonly string[]

  constructor(folder: Awaited<ReturnType<typeof temporaryFolder>>) {
    this.#folder = folder
    this.device = ['--device', `sim:${this.path('chip.json')}`]
  }

  path(name: string): string {
    return join(this.#folder.path, name)
  }

  /** A command for this chip. */
  run(...args: readonly string[]): Promise<Ended> {
    return keyline('stsafe', ...args, ...this.device)
  }

  /** The document of a command that has to succeed. */
  async document(...args: readonly string[]): Promise<unknown> {
    const { code, err, out } = await this.run(...args, '--json')
    expect({ code, args, err: code === 0 ? '' : err }).toEqual({ code: 0, args, err: '' })
    return parseJson(out, 'the result')
  }

  /** A member of the document that is a text. */
  async text(name: string, ...args: readonly string[]): Promise<string> {
    const value = new Map(Object.entries((await this.document(...args)) ?? {})).get(name)
    if (typeof value === 'string') return value
    throw new TypeError(`the result of ${args.join(' ')} has no text ${name}`)
  }

  async file(name: string, content: string): Promise<string> {
    await writeFile(this.path(name), content, { mode: 0o600 })
    return this.path(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]()
  }
}

export async function newChip(): Promise<CommandLineChip> {
  return new CommandLineChip(await temporaryFolder('keyline-stsafe'))
}
