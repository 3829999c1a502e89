#!/usr/bin/env node
import { main } from '../dist/program.js'
import { stopOnBug } from '../dist/terminal/stop-on-bug.js'

stopOnBug()
process.exitCode = await main(process.argv)
