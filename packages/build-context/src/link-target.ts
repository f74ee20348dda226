import { lstat, readlink } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'

/**
 * Whether the link at `path` stays inside `root` on every machine: it is relative, and neither the link nor another link that
 * it passes leaves `root`. A dangling or circular link stays inside.
 *
 * Links are resolved part by part: `deep/link/..` is the parent of the link's target, not `deep`.
 */
export async function staysInside(root: string, path: string, target: string): Promise<boolean> {
  const resolved = path.split('/').slice(0, -1)
  const remaining = split(target)
  if (isAbsolute(target)) return false
  for (let links = 0; links < maxLinks; ) {
    const part = remaining.shift()
    if (part === undefined) return true
    if (part === '..') {
      if (resolved.pop() === undefined) return false
      continue
    }
    const next = await findLink(join(root, ...resolved, part))
    if (next === undefined) resolved.push(part)
    else if (isAbsolute(next)) return false
    else {
      links += 1
      remaining.unshift(...split(next))
    }
  }
  return true
}

function split(target: string): string[] {
  return target.split(separator).filter((part) => part !== '' && part !== '.')
}

async function findLink(path: string): Promise<string | undefined> {
  const stats = await lstat(path).catch(() => undefined)
  return stats?.isSymbolicLink() ? readlink(path) : undefined
}

const separator = process.platform === 'win32' ? /[\\/]/ : /\//

/** The limit of Linux. More links are an error there (ELOOP). */
const maxLinks = 40
