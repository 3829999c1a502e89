export { generateBatch, type GenerateBatchOptions, type GeneratedBatch } from './generate.ts'
export { openStation, type OpenStation, type StationFolderOptions } from './open-station.ts'
export { openPki, writePki, type LinePki } from './pki.ts'
export { clockOf, runOrder, type RunOrderOptions } from './run-order.ts'
