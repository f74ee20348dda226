import { randomUUID } from 'node:crypto'
import { type ContextEntry, packContextEntries } from '@capstan/build-context'
import type { RegistryCredentials, StringMap } from '@capstan/core'
import { buildDirectoryPrefix } from '../scripts.js'
import { fileScript, toStream, type WriteTarget, writeFile } from '../write-file.js'
import type { BuildPlaces } from './build-command.js'
import type { BuildRequest } from './build-request.js'
import type { EventSink } from './buildkit-build.js'
import { TransferCount } from './transfer-count.js'

/** Where a build's things will be, and the variables of its process. */
export interface BuildPlan extends BuildPlaces {
  readonly env: StringMap
  /** What is secret of them, and is no part of any request to the runtime. */
  readonly secretValues: StringMap
}

export function planPlaces(request: BuildRequest): BuildPlan {
  const directory = `${buildDirectoryPrefix}${randomUUID()}`
  const secretVariables: Record<string, string> = {}
  const secretFiles: Record<string, string> = {}
  const secretValues: Record<string, string> = {}
  for (const [index, [id, value]] of Object.entries(request.secrets ?? {}).entries()) {
    if (typeof value === 'string' && !value.includes('\0') && value.length < longest) {
      secretVariables[id] = `CAPSTAN_SECRET_${index}`
      secretValues[`CAPSTAN_SECRET_${index}`] = value
    } else secretFiles[id] = `${directory}/private/secret-${index}`
  }
  const credentials = `${directory}/private/docker`
  return {
    directory,
    context: `${directory}/context`,
    dockerfile: `${directory}/dockerfile`,
    metadata: `${directory}/metadata.json`,
    credentials,
    secretFiles,
    secretVariables,
    secretValues,
    env: request.credentials === undefined ? {} : { DOCKER_CONFIG: credentials },
  }
}

/** Sends context, secrets that are files, and credentials into the sidecar, each over the stdin of a process there. */
export async function placeFiles(
  { entries, onEvents, ...target }: PlaceTarget,
  request: BuildRequest,
  places: BuildPlaces,
): Promise<void> {
  const { dockerfileText, secrets = {}, credentials } = request
  const { signal } = target
  using transfer = new TransferCount({ id: 'context', onEvents })
  const onSize = (archiveBytes: number) => {
    transfer.totalBytes = archiveBytes
  }
  const content = packContextEntries(entries, { onSize, signal })
  await writeFile(target, { what: 'the context', script: contextScript, path: places.context, content, transfer })
  if (dockerfileText !== undefined) {
    const given = { path: `${places.dockerfile}/Dockerfile`, content: toStream(dockerfileText) }
    await writeFile(target, { what: 'the Dockerfile', script: fileScript, ...given })
  }
  for (const [id, path] of Object.entries(places.secretFiles)) {
    await writeFile(target, { what: `secret "${id}"`, script: fileScript, path, content: toStream(secrets[id] ?? '') })
  }
  if (credentials === undefined) return
  await writeFile(target, {
    what: 'the credentials',
    script: fileScript,
    path: `${places.credentials}/config.json`,
    content: toStream(toDockerConfig(credentials)),
  })
}

/** Where the files are sent, the entries of the context, and who hears of the transfer. */
export interface PlaceTarget extends WriteTarget {
  readonly entries: readonly ContextEntry[]
  readonly onEvents: EventSink
}

/** Without `-p`: the directory of the build must exist, or the build has ended. */
const contextScript = 'mkdir "$1" && tar -x -f - -C "$1"'

/** As docker writes it: https://docs.docker.com/reference/cli/docker/login/ */
function toDockerConfig(credentials: Readonly<Record<string, RegistryCredentials>>): string {
  const auths = Object.entries(credentials).map(([host, { username, password }]) => [
    host === 'docker.io' ? 'https://index.docker.io/v1/' : host,
    { auth: Buffer.from(`${username}:${password}`).toString('base64') },
  ])
  return JSON.stringify({ auths: Object.fromEntries(auths) })
}

/** Linux takes 128 KiB for one variable, of bytes. */
const longest = 32_768
