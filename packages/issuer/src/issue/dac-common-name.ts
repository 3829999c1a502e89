/** What a template of a common name may ask for. */
export interface CommonNameFacts {
  readonly unitId: string
  readonly serialNumber: string
}

/** Template of the common name of a DAC when none is given. */
export const defaultCommonName = 'Matter DAC {serial}'

/** Puts the facts of a unit in place of `{serial}` and `{unit}`; everything else stays as it is. */
export function dacCommonName(template: string, facts: CommonNameFacts): string {
  return template.replaceAll(/\{(serial|unit)\}/g, (_, name: string) =>
    name === 'serial' ? facts.serialNumber : facts.unitId,
  )
}
