import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandError } from './command-error.mjs'

/** Resolves `user` or `user:group` with the files of a root file system. */
export function findUser(root, user) {
  const [name, group] = user.split(':')
  const entry = readEntries(root, 'etc/passwd').find(([known, , uid]) => known === name || uid === name)
  if (entry === undefined && !/^\d+$/.test(name)) throw new CommandError(`internalError: "failed to find user ${name}"`)
  const uid = Number(entry?.[2] ?? name)
  const groupEntry =
    group === undefined
      ? undefined
      : readEntries(root, 'etc/group').find(([known, , gid]) => known === group || gid === group)
  const gid = Number(group === undefined ? (entry?.[3] ?? 0) : (groupEntry?.[2] ?? group))
  return { uid, gid: Number.isNaN(gid) ? 0 : gid, groups: [] }
}

function readEntries(root, path) {
  const file = join(root, path)
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
}
