import { randomUUID } from 'node:crypto'
import { type ContextEntry, packContextEntries } from '@capstan/build-context'
import type { RegistryCredentials } from '@capstan/core'
import type { StringMap } from '@capstan/core/plugin'
import { type WriteTarget, writeFile } from '../container/write-file.js'
import type { BuildPaths } from './build-command.js'
import { buildDirectoryPrefix } from './build-directory-script.js'
import type { BuildRequest } from './build-request.js'
import type { BuildEventListener } from './buildkit-build.js'
import { TransferProgress } from './transfer-progress.js'

/** The paths of one build, and the environment of its `buildctl`. */
export interface BuildPlan extends BuildPaths {
  readonly env: StringMap
  /** Secret environment variables. They must not be part of a request to the runtime. */
  readonly secretEnvironment: StringMap
}

/** Returns new paths for a build. A secret is passed as a variable if it is a text without NUL that is short enough. */
export function planBuild(request: BuildRequest): BuildPlan {
  const directory = `${buildDirectoryPrefix}${randomUUID()}`
  const secretVariables: Record<string, string> = {}
  const secretFiles: Record<string, string> = {}
  const secretEnvironment: Record<string, string> = {}
  for (const [index, [id, value]] of Object.entries(request.secrets ?? {}).entries()) {
    if (typeof value === 'string' && !value.includes('\0') && value.length < maxVariableLength) {
      secretVariables[id] = `CAPSTAN_SECRET_${index}`
      secretEnvironment[`CAPSTAN_SECRET_${index}`] = value
    } else secretFiles[id] = `${directory}/private/secret-${index}`
  }
  const dockerConfigDirectory = `${directory}/private/docker`
  return {
    directory,
    contextDirectory: `${directory}/context`,
    dockerfileDirectory: `${directory}/dockerfile`,
    metadataFile: `${directory}/metadata.json`,
    dockerConfigDirectory,
    secretFiles,
    secretVariables,
    secretEnvironment,
    env: request.credentials === undefined ? {} : { DOCKER_CONFIG: dockerConfigDirectory },
  }
}

/** Sends the context, secret files and credentials to the sidecar, each through the stdin of a process there. */
export async function writeBuildFiles(
  { entries, onEvents, ...target }: BuildFilesTarget,
  request: BuildRequest,
  paths: BuildPaths,
): Promise<void> {
  const { dockerfileText, secrets = {}, credentials } = request
  await writeContext({ entries, onEvents, ...target }, paths.contextDirectory)
  if (dockerfileText !== undefined) {
    const path = `${paths.dockerfileDirectory}/Dockerfile`
    await writeFile(target, { title: 'the Dockerfile', path, content: dockerfileText })
  }
  for (const [id, path] of Object.entries(paths.secretFiles)) {
    await writeFile(target, { title: `secret "${id}"`, path, content: secrets[id] ?? '' })
  }
  if (credentials !== undefined) {
    const path = `${paths.dockerConfigDirectory}/config.json`
    await writeFile(target, { title: 'the credentials', path, content: toDockerConfig(credentials) })
  }
}

/** The sidecar to write to, the entries of the context, and the listener for the progress of the transfer. */
export interface BuildFilesTarget extends WriteTarget {
  readonly entries: readonly ContextEntry[]
  readonly onEvents: BuildEventListener
}

async function writeContext({ entries, onEvents, ...target }: BuildFilesTarget, path: string): Promise<void> {
  using transfer = new TransferProgress({ id: 'context', onEvents })
  const onSize = (archiveBytes: number) => {
    transfer.totalBytes = archiveBytes
  }
  const content = packContextEntries(entries, { onSize, signal: target.signal })
  const through = transfer.countBytes.bind(transfer)
  await writeFile(target, { title: 'the context', script: contextScript, path, content, through })
  transfer.finish()
}

/** `mkdir` without `-p` fails if the directory of the build is gone, which means that the build has ended. */
const contextScript = 'mkdir "$1" && tar -x -f - -C "$1"'

/** The format of docker's configuration file: https://docs.docker.com/reference/cli/docker/login/ */
function toDockerConfig(credentials: Readonly<Record<string, RegistryCredentials>>): string {
  const auths = Object.entries(credentials).map(([host, { username, password }]) => [
    host === 'docker.io' ? 'https://index.docker.io/v1/' : host,
    { auth: Buffer.from(`${username}:${password}`).toString('base64') },
  ])
  return JSON.stringify({ auths: Object.fromEntries(auths) })
}

/** Linux limits one environment variable to 128 KiB, and one character takes up to 4 bytes. */
const maxVariableLength = 32_768
