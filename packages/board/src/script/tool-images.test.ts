import { describe, expect, it } from 'vitest'
import { readFirmwareHeader, verifyFirmwareImage } from '../image/firmware-image.ts'
import { parts } from '../part/part-table.ts'
import { slotLayouts } from '../part/slot-layout.ts'
import { toolImages } from './tool-images.ts'

describe('the images of a line', () => {
  const images = [...toolImages()]

  it('are recognised, all but the trailer', () => {
    for (const { path, octets } of images) {
      const isTrailer = path === 'MagicTrailerValue.bin'
      expect(readFirmwareHeader(octets) === undefined, path).toBe(isTrailer)
      expect(octets.length === 16, path).toBe(isTrailer)
    }
  })

  it('are valid for a boot loader where their name says so', () => {
    for (const { path, octets } of images) {
      expect(verifyFirmwareImage(octets) !== undefined, path).toBe(path.endsWith('_sign.bin'))
    }
  })

  it('fit the slots and stay below the coprocessor', () => {
    const smallest = Math.min(...Object.values(slotLayouts).map(({ size }) => size))
    const { first } = parts.wb55.coprocessor ?? { first: 0 }
    for (const { path, octets } of images) {
      const isOfWb55 = path.startsWith('STM32WB5MM')
      const limit = isOfWb55 ? first - parts.wb55.bootAddress : smallest - 16
      expect(octets.length, path).toBeLessThanOrEqual(limit)
    }
  })
})
