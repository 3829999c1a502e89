#!/usr/bin/env node
import { programmerMain } from '../dist/program/programmer.js'

process.exitCode = await programmerMain(process.argv)
