import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Campaigns last minutes in a file of a few lines: the order by size would leave them for the end, one processor idle. */
const isCampaign = ({ moduleId }: TestSpecification): boolean =>
  /\/test\/(?:fuzz|crash)\//.test(moduleId)

/** vitest's own order behind the campaigns. */
export default class HouseSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return [...sorted.filter(isCampaign), ...sorted.filter((file) => !isCampaign(file))]
  }
}
