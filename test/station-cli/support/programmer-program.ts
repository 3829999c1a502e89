import { programmerMain } from '../../../packages/board/src/program/programmer.ts'

process.exitCode = await programmerMain(process.argv)
