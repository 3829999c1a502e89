import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { basename } from 'node:path'
import type { CrashPoints } from './crash-points.ts'

/** Files that must be whole are renamed into their places: before and behind each is a point of this process. */
export function watchRenames(points: CrashPoints): void {
  const { renameSync } = fs
  const { rename } = fs.promises
  Object.assign(fs, {
    renameSync: (from: fs.PathLike, to: fs.PathLike) => {
      points.reach(`before ${nameOf(to)}`)
      renameSync(from, to)
      points.reach(`after ${nameOf(to)}`)
    },
  })
  Object.assign(fs.promises, {
    rename: (from: fs.PathLike, to: fs.PathLike) =>
      points.around(nameOf(to), () => rename(from, to)),
  })
  syncBuiltinESMExports()
}

function nameOf(to: fs.PathLike): string {
  return `renaming ${basename(to.toString())}`
}
