import { scriptMain } from '../../../packages/board/src/program/platform-script.ts'

process.exitCode = await scriptMain(process.argv)
