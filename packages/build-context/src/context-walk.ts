import { setImmediate } from 'node:timers/promises'
import type { OperationOptions } from '@capstan/core'
import type { ContextEntry } from './context-entry.js'
import type { ByteText } from './ignore/byte-text.js'
import type { IgnoreResult, IgnoreRules } from './ignore/ignore-rules.js'
import type { ReadContextOptions } from './read-build-context.js'

/** Lists a directory of a context, in any order. The root is `''`. */
export type ListDirectory = (directory: ByteText) => Promise<readonly ContextNode[]>

/** A name in a directory, and whether it names a directory. */
export interface ContextNode {
  readonly path: ByteText
  readonly isDirectory: boolean
  /** Reads the metadata. Resolves with `undefined` for a file that is omitted, such as a socket. */
  toEntry(): Promise<ContextEntry | undefined>
}

/**
 * Lists the entries that docker's client sends: https://pkg.go.dev/github.com/moby/go-archive#TarWithOptions
 *
 * An ignored directory is not among the entries, even when something below it is, unless `builder` is `buildkit`:
 * https://github.com/tonistiigi/fsutil/blob/master/filter.go
 */
export async function walkContext(
  list: ListDirectory,
  rules: IgnoreRules,
  { builder = 'classic', signal }: ReadContextOptions,
): Promise<readonly ContextEntry[]> {
  const entries: ContextEntry[] = []
  /** `ignored` are the directories above that are not entries yet. */
  const walk = async (directory: ByteText, parent: IgnoreResult | undefined, ignored: ContextNode[]): Promise<void> => {
    signal?.throwIfAborted()
    const nodes = toSorted(await list(directory)).map((node) => ({ node, result: rules.match(node.path, parent) }))
    for (let start = 0; start < nodes.length; start += readsAtOnce) {
      await setImmediate() // the metadata is read by synchronous calls
      signal?.throwIfAborted()
      const batch = nodes.slice(start, start + readsAtOnce)
      const read = await Promise.allSettled(batch.map(({ node, result }) => !result.isIgnored && node.toEntry()))
      for (const [index, { node, result }] of batch.entries()) {
        const outcome = read[index]
        if (outcome?.status === 'rejected') throw outcome.reason
        if (outcome?.value) {
          for (const above of ignored.splice(0)) entries.push(...toList(await above.toEntry()))
          entries.push(outcome.value)
        }
        if (!node.isDirectory) continue
        if (!result.isIgnored) await walk(node.path, result, [])
        else if (rules.mayContainExceptions(node.path, builder)) {
          if (builder === 'buildkit') ignored.push(node)
          await walk(node.path, result, ignored)
          if (ignored.at(-1) === node) ignored.pop()
        }
      }
    }
  }
  if (rules.mayThrow) await checkTree(list, rules, { signal })
  await walk('', undefined, [])
  return entries
}

/** Throws when docker's client would reject a pattern in its check of the tree. */
async function checkTree(list: ListDirectory, rules: IgnoreRules, { signal }: OperationOptions): Promise<void> {
  const check = async (directory: ByteText): Promise<void> => {
    signal?.throwIfAborted()
    for (const { path, isDirectory } of toSorted(await list(directory))) {
      if (!rules.check(path) && isDirectory) await check(path)
    }
  }
  await check('')
}

function toList(entry: ContextEntry | undefined): readonly ContextEntry[] {
  return entry === undefined ? [] : [entry]
}

/** Sorts by the bytes of the names. */
function toSorted(nodes: readonly ContextNode[]): readonly ContextNode[] {
  return nodes.toSorted((one, other) => (one.path < other.path ? -1 : 1))
}

/** Entries whose metadata is read before other events are handled. */
const readsAtOnce = 32
