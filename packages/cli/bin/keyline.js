#!/usr/bin/env node
import { main, stopOnBug } from '../dist/index.js'

stopOnBug()
process.exitCode = await main(process.argv)
