#!/usr/bin/env node
import { genFactoryData } from '../dist/command/gen-factory-data.js'
import { processOutput } from '../dist/terminal/output.js'
import { stopOnBug } from '../dist/terminal/stop-on-bug.js'

stopOnBug()
process.exitCode = await genFactoryData(process.argv.slice(2), processOutput())
