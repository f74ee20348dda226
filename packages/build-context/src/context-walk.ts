import type { OperationOptions } from '@capstan/core'
import type { ContextEntry } from './context-entry.js'
import type { ByteText } from './ignore/byte-text.js'
import type { IgnoreRules, Verdict } from './ignore/ignore-rules.js'

/** Where the entries of a context come from. */
export interface ContextTree {
  /** Lists a directory, in byte order of the names; the root is `''`. */
  list(directory: ByteText): Promise<readonly ContextNode[]>
}

/** A name in a directory, and whether it names a directory. */
export interface ContextNode {
  readonly path: ByteText
  readonly isDirectory: boolean
  /** Reads the metadata of the file. `undefined` for a kind of file that is left out of a context, such as a socket. */
  toEntry(): Promise<ContextEntry | undefined>
}

/**
 * Lists what docker's client sends of a tree: https://pkg.go.dev/github.com/moby/go-archive#TarWithOptions
 *
 * An ignored directory is not among the entries, even when something below it is.
 */
export async function walkContext(
  tree: ContextTree,
  rules: IgnoreRules,
  { signal }: OperationOptions,
): Promise<readonly ContextEntry[]> {
  const entries: ContextEntry[] = []
  const walk = async (directory: ByteText, above: Verdict | undefined): Promise<void> => {
    signal?.throwIfAborted()
    for (const node of await tree.list(directory)) {
      const verdict = rules.judge(node.path, above)
      const entry = verdict.isIgnored ? undefined : await node.toEntry()
      if (entry !== undefined) entries.push(entry)
      if (node.isDirectory && (!verdict.isIgnored || rules.enters(node.path))) await walk(node.path, verdict)
    }
  }
  if (rules.mayRefuse) await checkTree(tree, rules, { signal })
  await walk('', undefined)
  return entries
}

/** Throws when docker's client would refuse a pattern in its own check of the tree. */
async function checkTree(tree: ContextTree, rules: IgnoreRules, { signal }: OperationOptions): Promise<void> {
  const check = async (directory: ByteText): Promise<void> => {
    signal?.throwIfAborted()
    for (const { path, isDirectory } of await tree.list(directory)) {
      if (!rules.check(path) && isDirectory) await check(path)
    }
  }
  await check('')
}
