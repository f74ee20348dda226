import { posix } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { readBuildContext } from '@capstan/build-context'
import { DockerfileError, parseDockerfile } from '@capstan/build-context/dockerfile'
import type { BuildRequest } from '@capstan/buildkit-client/request'
import type { OperationOptions } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerfileSource } from './unsupported-features.js'

/**
 * Reads the given text, or the Dockerfile in the context.
 *
 * @throws HostError BUILD_FAILED, with the message that BuildKit writes in this case, when the context has no such file.
 */
export async function readDockerfile(
  { context, dockerfile = 'Dockerfile', dockerfileText, dockerignoreText }: BuildRequest,
  { signal }: OperationOptions,
): Promise<DockerfileSource> {
  if (dockerfileText !== undefined) {
    const ignoreFile = dockerignoreText === undefined ? undefined : `${dockerfile}.dockerignore`
    return { text: dockerfileText, syntax: findSyntax(dockerfileText), ignoreFile }
  }
  const path = posix.normalize(dockerfile).replace(/\/$/, '')
  const ignoreFilePath = `${path}.dockerignore`
  let text: string | undefined
  let ignoreFile: string | undefined
  const local = 'url' in context ? undefined : context
  for await (const entry of readBuildContext(local, { keep: [path, ignoreFilePath], signal })) {
    if (entry.path === ignoreFilePath) ignoreFile = ignoreFilePath
    if (entry.path === path && entry.type === 'file') text = await readText(entry.open())
  }
  if (text !== undefined) return { text, syntax: findSyntax(text), ignoreFile }
  const lastLines = [`failed to read dockerfile: open ${dockerfile}: no such file or directory`]
  throw createHostError('BUILD_FAILED', { step: undefined, command: undefined, exitCode: undefined, lastLines })
}

/** Returns `undefined` also for invalid directives: the build reports them. */
function findSyntax(text: string): string | undefined {
  try {
    return parseDockerfile(text).syntax
  } catch (error) {
    if (error instanceof DockerfileError) return undefined
    throw error
  }
}
