#!/usr/bin/env node
import { benchMain } from '../dist/program/bench.js'

process.exitCode = await benchMain(process.argv)
