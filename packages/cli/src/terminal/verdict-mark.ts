import type { Verdict } from '@keyline/ledger/records'
import type { Colour } from './output.ts'

/** Shape, text and colour of a verdict: no meaning rests on colour alone. */
export const verdictMarks: Readonly<
  Record<Verdict, { readonly mark: string; readonly colour: Colour }>
> = {
  PASS: { mark: '●', colour: 'green' },
  FAIL: { mark: '✖', colour: 'red' },
  ERROR: { mark: '▲', colour: 'yellow' },
  QUARANTINE: { mark: '■', colour: 'yellow' },
}
