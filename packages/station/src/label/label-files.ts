import { join } from 'node:path'
import { makeResultFolder, writeWhole } from '../results/write-file.ts'
import type { LabelContent } from './label-content.ts'
import { labelPdf, loadPdfkit } from './label-pdf.ts'
import { labelSvg } from './label-svg.ts'

export const labelFormats = ['svg', 'pdf'] as const
export type LabelFormat = (typeof labelFormats)[number]

export interface LabelFilesOptions {
  readonly folder: string
  readonly formats: readonly LabelFormat[]
  /** Milliseconds since 1970. */
  readonly time: number
}

/**
 * Loads what writes the formats, before boards are in work: it takes a quarter of a second, and may be missing.
 * @throws StationError `STATION_LABEL`
 */
export async function prepareLabels(formats: readonly LabelFormat[]): Promise<void> {
  if (formats.includes('pdf')) await loadPdfkit()
}

/**
 * Writes the label of a unit, each file whole or not at all, readable by its owner alone.
 * @returns the paths
 * @throws StationError `STATION_LABEL`, `STATION_RESULTS`, `STATION_DISK_FULL`
 */
export async function writeLabelFiles(
  content: LabelContent,
  { folder, formats, time }: LabelFilesOptions,
): Promise<readonly string[]> {
  makeResultFolder(folder)
  const name = content.serialNumber.replaceAll(/[^A-Za-z0-9._-]/g, '_')
  const written: string[] = []
  for (const format of formats) {
    const octets =
      format === 'svg'
        ? labelSvg(content)
        : await labelPdf([content], { title: content.serialNumber, time })
    const path = join(folder, `${name}.${format}`)
    writeWhole(path, octets, { mode: 0o600 })
    written.push(path)
  }
  return written
}

/** The labels of many units in one document, a page each. */
export async function writeLabelSheet(
  labels: readonly LabelContent[],
  { path, title, time }: { readonly path: string; readonly title: string; readonly time: number },
): Promise<void> {
  writeWhole(path, await labelPdf(labels, { title, time }), { mode: 0o600 })
}
