import { join } from 'node:path'
import { vi } from 'vitest'
import { systemRandom } from '@keyline/bytes'
import { keyPairSigner, p256ScalarOf } from '@keyline/crypto'
import { createPki, type Pki } from '@keyline/issuer'
import type { StationParts } from '@keyline/station'
import { homeOf, openTestStation, runTestLine, type LineRunOptions } from '../../support/line.ts'
import { whenItFails } from './stand-in.ts'
import { filesBelow, namesOf, printed } from './places.ts'
import { secretsOf } from './planted.ts'
import type { Place } from './search.ts'
import { secretOctets, type PlantedSecret } from './secret.ts'

/** Runs orders in one folder, and keeps everything that leaves the line on the way. */
export class ObservedLine {
  readonly folder: string
  readonly pki: Pki
  readonly #places: Place[] = []
  readonly #orders: string[] = []

  private constructor(folder: string, pki: Pki) {
    this.folder = folder
    this.pki = pki
  }

  static async in(folder: string): Promise<ObservedLine> {
    const notBefore = new Date('2026-01-01T00:00:00Z')
    const pki = await createPki({ vendorId: 0xfff1, notBefore, random: systemRandom })
    return new ObservedLine(folder, pki)
  }

  /** One run; its error is an observation too. */
  async run(options: Omit<LineRunOptions, 'folder'> & { readonly id: string }): Promise<void> {
    const { paa, pai } = this.pki
    const { decorate = (parts) => parts } = options
    this.#orders.push(options.id)
    const silence = this.#watchConsole()
    try {
      await runTestLine({
        ...options,
        folder: this.folder,
        pki: {
          paa: paa.certificate,
          pai: pai.certificate,
          signer: keyPairSigner(pai.keyPair),
        },
        decorate: (parts) => this.#watched(decorate(parts)),
        onEvent: (event) => {
          this.#places.push(printed(`event ${event.type}`, event))
          // The ledger is still open: its log and its shared memory have not been folded into the file.
          if (event.type === 'run-ended') this.#places.push(...filesBelow(homeOf(this.folder)))
          options.onEvent?.(event)
        },
      })
    } catch (error) {
      this.#places.push(printed('error of the run', error))
    } finally {
      silence()
    }
  }

  /** What was observed, and all files that lie in the folder now. */
  places(): readonly Place[] {
    const files = filesBelow(this.folder)
    return [...this.#places, ...files, namesOf(files)]
  }

  /** All that must not be found. Reads the ledger, so it comes last. */
  async planted(): Promise<readonly PlantedSecret[]> {
    const { paa, pai } = this.pki
    const station = await openTestStation(this.folder)
    try {
      return [
        secretOctets('PAA private key', p256ScalarOf(paa.keyPair).reveal()),
        secretOctets('PAI private key', p256ScalarOf(pai.keyPair).reveal()),
        ...(await secretsOf(station, [...new Set(this.#orders)])),
      ]
    } finally {
      await station.close()
    }
  }

  /** The parts, with every error that leaves one of them kept. */
  #watched(parts: StationParts): StationParts {
    const watch = <T extends object>(name: string, part: T): T =>
      whenItFails(part, (error) => this.#places.push(printed(`error of ${name}`, error)))
    return {
      ...parts,
      programmer: watch('the programmer', parts.programmer),
      ports: watch('a port', parts.ports),
      issuer: watch('the issuer', parts.issuer),
      units: watch('the ledger', parts.units),
      journal: watch('the journal', parts.journal),
    }
  }

  #watchConsole(): () => void {
    const keep = (...values: readonly unknown[]): boolean => {
      for (const value of values) this.#places.push(printed('console', value))
      return true
    }
    const spies = [
      ...(['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
        vi.spyOn(console, name).mockImplementation(keep),
      ),
      vi.spyOn(process.stdout, 'write').mockImplementation(keep),
      vi.spyOn(process.stderr, 'write').mockImplementation(keep),
    ]
    return () => {
      for (const spy of spies) spy.mockRestore()
    }
  }
}

export const benchOf = (folder: string): string => join(homeOf(folder), 'bench')
