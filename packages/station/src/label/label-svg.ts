import type { LabelContent } from './label-content.ts'
import { darkRuns, drawLabel } from './label-drawing.ts'
import { xmlText } from './label-text.ts'

/** The label of one unit as SVG, in millimetres. It has no script, style sheet or reference. */
export function labelSvg(content: LabelContent): string {
  const { widthMm, heightMm, symbol, texts } = drawLabel(content)
  const scale = symbol.sizeMm / symbol.modules.length
  const path = [...darkRuns(symbol.modules)]
    .map(({ column, row, length }) => `M${column} ${row}h${length}v1h-${length}z`)
    .join('')
  const place = `translate(${short(symbol.xMm)} ${short(symbol.yMm)}) scale(${short(scale)})`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthMm}mm" height="${heightMm}mm" viewBox="0 0 ${widthMm} ${heightMm}">`,
    `<rect width="${widthMm}" height="${heightMm}" fill="#fff"/>`,
    `<path transform="${place}" fill="#000" shape-rendering="crispEdges" d="${path}"/>`,
    ...texts.map(
      ({ xMm, yMm, sizeMm, isMono, text }) =>
        `<text x="${short(xMm)}" y="${short(yMm)}" font-size="${short(sizeMm)}" font-family="${isMono ? 'monospace' : 'sans-serif'}" fill="#000">${xmlText(text)}</text>`,
    ),
    '</svg>\n',
  ].join('\n')
}

function short(value: number): string {
  return String(Number(value.toFixed(4)))
}
