import type { ProfileTag, TlvElement, TlvTag, TlvWidth } from '@keyline/matter'
import type { Draw } from '../../support/draw.ts'

/** Texts whose letters take one to four octets. */
const alphabet = 'ABCabc012 .-_é漢😀\u0000\n'
const deepest = 6

/**
 * Any element that both libraries can say: no implicit profile, and profile tags in their shortest form,
 * because matter.js has no other.
 */
export function drawTlv(draw: Draw, tag?: TlvTag, depth = 0): TlvElement {
  const kinds = depth < deepest ? 12 : 8
  switch (draw.below(kinds)) {
    case 0:
    case 1:
      return { tag, type: 'int', ...drawInteger(draw, true) }
    case 2:
    case 3:
      return { tag, type: 'uint', ...drawInteger(draw, false) }
    case 4:
      return { tag, type: 'bool', value: draw.once(2) }
    case 5:
      return draw.once(2)
        ? { tag, type: 'float', value: Math.fround(drawFloat(draw)) }
        : { tag, type: 'double', value: drawFloat(draw) }
    case 6: {
      const value = draw.text(alphabet, drawLength(draw))
      return { tag, type: 'text', value, ...drawWidth(draw) }
    }
    case 7:
      return draw.once(4)
        ? { tag, type: 'null' }
        : { tag, type: 'octets', value: draw.octets(drawLength(draw)), ...drawWidth(draw) }
    case 8:
    case 9:
      return { tag, type: 'structure', value: drawStructure(draw, depth) }
    case 10:
      return {
        tag,
        type: 'array',
        value: Array.from({ length: draw.below(5) }, () => drawTlv(draw, undefined, depth + 1)),
      }
    default:
      return {
        tag,
        type: 'list',
        value: Array.from({ length: draw.below(5) }, () =>
          drawTlv(draw, drawTag(draw, draw.below(256)), depth + 1),
        ),
      }
  }
}

/** No context tag stands twice. */
function drawStructure(draw: Draw, depth: number): readonly TlvElement[] {
  const first = draw.below(200)
  return Array.from({ length: draw.below(6) }, (_, index) => {
    return drawTlv(draw, drawTag(draw, first + index) ?? first + index, depth + 1)
  })
}

function drawTag(draw: Draw, contextTag: number): TlvTag {
  switch (draw.below(6)) {
    case 0:
      return undefined
    case 1:
      return { profile: 'common', number: draw.pick([draw.below(0x1_0000), 0x1_0000, 0xffff_ffff]) }
    case 2:
      return drawProfileTag(draw)
    default:
      return contextTag
  }
}

/** Profile 0 of vendor 0 is the common profile, to matter.js the same thing. */
function drawProfileTag(draw: Draw): ProfileTag {
  const profile = { vendorId: draw.between(1, 0xffff), number: draw.below(0x1_0000) }
  return { profile, number: draw.below(0x1_0000) }
}

function drawInteger(
  draw: Draw,
  isSigned: boolean,
): { readonly value: number | bigint; readonly width?: TlvWidth } {
  const bits = draw.pick([8, 16, 32, 64])
  const any = draw.octets(8).reduce((value, octet) => (value << 8n) | BigInt(octet), 0n)
  const big = isSigned ? BigInt.asIntN(bits, any) : BigInt.asUintN(bits, any)
  const small = Number(big)
  return { value: Number.isSafeInteger(small) ? small : big, ...drawWidth(draw) }
}

/** Mostly the shortest. */
function drawWidth(draw: Draw): { readonly width?: TlvWidth } {
  return draw.once(4) ? { width: draw.pick<TlvWidth>([2, 4, 8]) } : {}
}

function drawFloat(draw: Draw): number {
  const octets = draw.octets(8)
  const value = new DataView(octets.buffer).getFloat64(0)
  return Number.isNaN(value) ? 0.5 : draw.pick([value, value, Infinity, -0, draw.below(1_000) / 8])
}

function drawLength(draw: Draw): number {
  return draw.once(20) ? draw.between(250, 300) : draw.below(20)
}
