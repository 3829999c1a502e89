#!/usr/bin/env node
import { scriptMain } from '../dist/program/platform-script.js'

process.exitCode = await scriptMain(process.argv)
