import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { hostname } from 'node:os'
import { posix } from 'node:path'
import { type ContextEntry, readBuildContext } from '@capstan/build-context'
import type { BuildContext, OperationOptions } from '@capstan/core'
import type { BuildRequest } from './build-request.js'

/** The files that BuildKit can request during one build. */
export interface BuildSources {
  /** The entries of each local source by the name that the frontend uses. */
  readonly sources: Readonly<Record<string, readonly ContextEntry[]>>
  /** The size of all files. Files that BuildKit has from an earlier build are not sent. */
  readonly totalBytes: number
  /** Identifies the directories. Builds with the same key share the files that BuildKit keeps. */
  readonly sharedKey: string
}

/** Lists and checks the contexts of a request. Rejects as `readBuildContext` does. Opens no file except ignore files. */
export async function readBuildSources(request: BuildRequest, options: OperationOptions): Promise<BuildSources> {
  const { context, dockerfile: path = 'Dockerfile', dockerfileText, dockerignoreText, namedContexts = {} } = request
  const dockerfileName = posix.normalize(path)
  const named = Object.entries(namedContexts).flatMap(([name, one]) => (typeof one === 'string' ? [] : [{ name, one }]))
  const local = 'url' in context ? undefined : await listMainContext(context, request, options)
  const files = {
    [dockerfileName]: dockerfileText ?? '',
    ...(dockerignoreText !== undefined && { [`${dockerfileName}.dockerignore`]: dockerignoreText }),
  }
  const dockerfile = dockerfileText === undefined ? local : await list({ files }, options)
  const sources = {
    ...(local && { context: local }),
    ...(dockerfile && { dockerfile }),
    ...Object.fromEntries(
      await Promise.all(named.map(async ({ name, one }) => [namedSource(name), await list(one, options)] as const)),
    ),
  }
  const all = [local ?? [], ...Object.entries(sources).map(([name, entries]) => (isMain(name) ? [] : entries))].flat()
  return {
    sources,
    totalBytes: all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    sharedKey: await toSharedKey([context, ...named.map(({ one }) => one)]),
  }
}

/** The name of the local source of a named context. */
export function namedSource(name: string): string {
  return `named-${name}`
}

function isMain(name: string): boolean {
  return name === 'context' || name === 'dockerfile'
}

/**
 * BuildKit reads the Dockerfile and both ignore files from the context, so they are listed even if they are excluded:
 * https://docs.docker.com/build/concepts/context/#filename-and-location
 */
function listMainContext(
  context: BuildContext,
  { dockerfile = 'Dockerfile', dockerfileText, dockerignoreText }: BuildRequest,
  options: OperationOptions,
): Promise<readonly ContextEntry[]> {
  const path = posix.normalize(dockerfile)
  const ignoreFile = `${path}.dockerignore`
  const keep = [path, '.dockerignore', ignoreFile]
  return list(context, {
    ...options,
    keep,
    ...(dockerfileText === undefined && { ignoreFile }),
    ...(dockerignoreText !== undefined && { dockerignoreText }),
  })
}

async function list(
  context: BuildContext,
  options: Parameters<typeof readBuildContext>[1],
): Promise<readonly ContextEntry[]> {
  const entries: ContextEntry[] = []
  for await (const entry of readBuildContext(context, { keep: ['.dockerignore'], builder: 'buildkit', ...options }))
    entries.push(entry)
  return entries
}

/** Contents in memory have no place, so all builds with them have one key. */
async function toSharedKey(contexts: readonly BuildRequest['context'][]): Promise<string> {
  const places = contexts.map(async (context) =>
    'directory' in context ? await realpath(context.directory) : 'url' in context ? context.url : 'memory',
  )
  const text = JSON.stringify([hostname(), ...(await Promise.all(places))])
  return createHash('sha256').update(text).digest('hex')
}
