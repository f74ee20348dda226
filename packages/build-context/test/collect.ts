import { type ContextEntry, readBuildContext } from '@capstan/build-context'
import type { BuildContext } from '@capstan/core'

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

export async function readText(entry: Pick<ContextEntry, 'open'>): Promise<string> {
  return Buffer.concat(await collect(entry.open())).toString('utf8')
}

/** Lists the paths of a context in order. */
export async function listPaths(context: BuildContext, keep: readonly string[] = []): Promise<string[]> {
  return (await collect(readBuildContext(context, { keep }))).map(({ path }) => path)
}
