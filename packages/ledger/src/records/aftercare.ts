/** Why a unit is made again. */
export const reworkReasons = [
  'firmware-update',
  'board-repaired',
  'board-replaced',
  'test-failed',
  'label-damaged',
  'code-exposed',
  'returned',
] as const
export type ReworkReason = (typeof reworkReasons)[number]

/** Why a unit is given up. */
export const scrapReasons = [
  'never-installed',
  'destroyed',
  'defective',
  'lost',
  'returned',
] as const
export type ScrapReason = (typeof scrapReasons)[number]

/** Nobody can have such a device: its order may issue its certificates again, once that is approved. */
export const returnableReasons: readonly ScrapReason[] = ['never-installed', 'destroyed']
