import { closeSync, constants, fdatasync, openSync, readFileSync, writeSync } from 'node:fs'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import {
  canonicalJson,
  decodeUtf8,
  encodeUtf8,
  isKeylineError,
  parseJson,
  toHex,
} from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { z } from 'zod'
import { AuditHead } from '../audit/record.ts'
import { LedgerError } from '../errors.ts'
import { Marks } from './checkpoint-marks.ts'

const Checkpoint = z.strictObject({
  format: z.literal('keyline-checkpoint/1'),
  /** Who keeps this checkpoint; stands in the ledger, too. */
  holder: z.string().regex(/^[0-9a-f]{32}$/),
  /** Others who keep one of the same ledger. */
  others: z.array(z.string()),
  epoch: z.number().int().min(1),
  marks: Marks,
})
export type Checkpoint = z.infer<typeof Checkpoint>

/** Two places of one head each, written in turn: one of them is always whole. */
const slotOctets = 128

/**
 * The folder of a checkpoint, outside the database: `marks.json`, on the disk before anything passes a mark, and `head`,
 * written after each commit and brought to the disk once a second. A process that dies loses nothing of either.
 */
export class CheckpointFolder {
  readonly path: string
  #file: number | undefined
  #syncedAt = -Infinity

  constructor(path: string) {
    this.path = path
  }

  /** `undefined` when the folder has none yet. @throws LedgerError `LEDGER_CHECKPOINT` */
  async read(): Promise<Checkpoint | undefined> {
    const text = await readFile(this.#marksFile, 'utf8').catch((cause: unknown) => {
      if (isMissing(cause)) return undefined
      throw this.#failure('cannot be read', cause)
    })
    if (text === undefined) return undefined
    try {
      return Checkpoint.parse(parseJson(text, this.#marksFile, { maxLength: 64 * 2 ** 20 }))
    } catch (cause) {
      throw this.#failure('is damaged', cause)
    }
  }

  /** The checkpoint is whole and on the disk when this has ended. @throws LedgerError `LEDGER_CHECKPOINT` */
  async write(checkpoint: Checkpoint): Promise<void> {
    const beside = `${this.#marksFile}.part`
    try {
      await mkdir(this.path, { recursive: true, mode: 0o700 })
      const file = await open(beside, 'w', 0o600)
      try {
        await file.writeFile(`${canonicalJson(checkpoint)}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(beside, this.#marksFile)
      await syncFolder(this.path)
    } catch (cause) {
      throw this.#failure('cannot be written', cause)
    }
  }

  /** The last head that was seen; `undefined` before the first. */
  readHead(): AuditHead | undefined {
    const heads = this.#readSlots()
      .map((slot) => headOf(slot))
      .filter((head) => head !== undefined)
    return heads.toSorted((a, b) => b.seq - a.seq)[0]
  }

  /** @param monotonicMs decides when the disk is asked */
  writeHead(head: AuditHead, monotonicMs: number): void {
    try {
      this.#file ??= openSync(this.#headFile, constants.O_RDWR | constants.O_CREAT, 0o600)
      const place = (head.seq % 2) * slotOctets
      writeSync(this.#file, slotOf(head), 0, slotOctets, place)
      if (monotonicMs - this.#syncedAt < 1000) return
      this.#syncedAt = monotonicMs
      // Nobody waits: until it has ended the head is safe from a crash of the process, not yet from a power cut.
      fdatasync(this.#file, () => undefined)
    } catch (cause) {
      throw this.#failure('cannot be written', cause)
    }
  }

  /** Puts this head in the place of whatever stood there. */
  replaceHead(head: AuditHead): void {
    this.close()
    closeSync(openSync(this.#headFile, 'w', 0o600))
    this.#syncedAt = -Infinity
    this.writeHead(head, 0)
    this.close()
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  get #marksFile(): string {
    return join(this.path, 'marks.json')
  }

  get #headFile(): string {
    return join(this.path, 'head')
  }

  #readSlots(): readonly Uint8Array[] {
    try {
      const octets = readFileSync(this.#headFile)
      return [octets.subarray(0, slotOctets), octets.subarray(slotOctets, 2 * slotOctets)]
    } catch (cause) {
      if (isMissing(cause)) return []
      throw this.#failure('cannot be read', cause)
    }
  }

  #failure(what: string, cause: unknown): LedgerError {
    if (cause instanceof LedgerError) return cause
    return new LedgerError('LEDGER_CHECKPOINT', `the checkpoint in ${this.path} ${what}`, { cause })
  }
}

/** Sequence, hash and the start of a hash over both, as one line of text. */
function slotOf(head: AuditHead): Uint8Array {
  const text = `${head.seq} ${head.hash}`
  const line = `${text} ${checkOf(text)}`
  return encodeUtf8(`${line.padEnd(slotOctets - 1)}\n`)
}

function headOf(slot: Uint8Array): AuditHead | undefined {
  try {
    const [seq = '', hash = '', check = ''] = decodeUtf8(slot, 'head').trimEnd().split(' ')
    if (check !== checkOf(`${seq} ${hash}`)) return undefined
    return AuditHead.parse({ seq: Number(seq), hash })
  } catch (error) {
    if (isKeylineError(error) || error instanceof z.ZodError) return undefined
    throw error
  }
}

function checkOf(text: string): string {
  return toHex(sha256(encodeUtf8(text)).subarray(0, 8))
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
