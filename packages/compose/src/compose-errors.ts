import { createHostError, type HostErrorFacts } from '@capstan/core/plugin'
import type { ComposeStep } from './program/output-lines.js'
import type { ProjectModel } from './project/project-model.js'

/** What is known about a failed run of Compose. */
export interface ComposeFailure {
  /** The text of the error. */
  readonly text: string
  readonly exitCode: number | undefined
  readonly lastLines: readonly string[]
  readonly steps: readonly ComposeStep[]
}

/** Translates the failure of `config`, which asks no engine: a fault of the files or of their variables. */
export function toSourceError(
  { text, exitCode }: ComposeFailure,
  { files, subject }: { readonly files: readonly string[] | undefined; readonly subject: string },
): Error {
  if (exitCode === undefined) {
    const reason = text || 'a signal ended docker-compose'
    return createHostError('OPERATION_FAILED', { operation: 'readProject', subject, status: undefined, reason })
  }
  // Compose 2.26 does not name a file that is no YAML.
  const index = files?.length === 1 ? 0 : (files?.findIndex((file) => text.includes(file)) ?? -1)
  const field = files === undefined ? 'source.content' : index < 0 ? 'source.files' : `source.files[${index}]`
  return createSourceError(field, text)
}

/** Translates the failure of `up` or `down`. An unknown text is OPERATION_FAILED. */
export function toEngineError(
  failure: ComposeFailure,
  context: {
    readonly operation: 'up' | 'down'
    readonly subject: string
    readonly host: string
    readonly model: ProjectModel | undefined
  },
): Error {
  const { text, exitCode: status } = failure
  const reason =
    text.replace(/^Error response from daemon: /, '') || `docker-compose ended with ${status ?? 'a signal'}`
  for (const [pattern, toError] of patterns) {
    const match = pattern.exec(text)
    if (match !== null) return toError(match, { reason, host: context.host })
  }
  if (buildFailure.test(text)) return createHostError('BUILD_FAILED', toBuildFacts(failure))
  const image = findPulledImage(failure.steps, context.model)
  if (image !== undefined) return createHostError('IMAGE_PULL_FAILED', { image, registryText: reason })
  const { operation, subject } = context
  return createHostError('OPERATION_FAILED', { operation, subject, status, reason })
}

/** Returns the container or the service of the job that Compose reports as a failed dependency. */
export function findFailedDependency(
  text: string,
): { readonly container: string } | { readonly service: string } | undefined {
  const [, container] = /container (\S+) (?:exited \(\d+\)|is unhealthy)/.exec(text) ?? []
  if (container !== undefined) return { container }
  const [, service] = /service "([^"]+)" didn't complete successfully: exit \d+/.exec(text) ?? []
  return service === undefined ? undefined : { service }
}

/** Returns the command that a container could not start, and the exit code of a shell that cannot start it. */
export function findUnstartedCommand(
  text: string,
): Pick<HostErrorFacts['COMMAND_NOT_STARTED'], 'command' | 'exitCode'> | undefined {
  // In the message of Podman, the quotes of runc have backslashes. Its other runtime is crun.
  const [, runc, crun] = commandMissing.exec(text) ?? []
  const missing = runc ?? crun
  if (missing !== undefined) return { command: [missing], exitCode: 127 }
  const [, denied] = /exec: \\?"([^"\\]*)\\?": (?:stat [^:]*: )?permission denied/.exec(text) ?? []
  return denied === undefined ? undefined : { command: [denied], exitCode: 126 }
}

const commandMissing =
  /exec: \\?"([^"\\]*)\\?": (?:executable file not found|stat .*: no such file)|executable file [`'"]?([^`'"\s]*)[`'"]? not found in \$PATH/

interface ErrorContext {
  readonly reason: string
  readonly host: string
}

type ToError = (match: RegExpExecArray, context: ErrorContext) => Error

const patterns: readonly (readonly [RegExp, ToError])[] = [
  [
    /Cannot connect to the Docker daemon|error during connect/,
    (_, { host }) => createHostError('CONNECTION_LOST', { endpoint: host, lastTimestamp: undefined }),
  ],
  [
    /Bind for \S*?:(\d+) failed: port is already allocated|:(\d+): bind: address already in use/,
    ([, allocated, bound]) => createHostError('IN_USE', { subject: `port ${allocated ?? bound}`, users: [] }),
  ],
  [
    /[Pp]ool overlaps with other one|subnet \S+ is already used/,
    () => createHostError('IN_USE', { subject: 'a subnet of the project', users: [] }),
  ],
  [
    // Podman: unable to find network with name or ID x: network not found
    /network (\S+) (?:declared as external, but could not be found|not found)|network with name or ID (\S+): network not found/,
    ([, docker, podman = '']) => createHostError('NETWORK_NOT_FOUND', { id: unquote(docker ?? podman) }),
  ],
  [
    /external volume (\S+) not found|no such volume: (\S+)|volume (\S+) not found/i,
    ([, external, missing, other]) =>
      createHostError('VOLUME_NOT_FOUND', { name: unquote(external ?? missing ?? other ?? '') }),
  ],
  [
    // Podman: failed to find image x: x: No such image
    /No such image: (\S+)|failed to find image (\S+): .*No such image/i,
    ([, docker, podman = '']) => createHostError('IMAGE_NOT_FOUND', { image: unquote(docker ?? podman) }),
  ],
  [
    /container name "\/?([^"]+)" is already in use by container "?([0-9a-f]+)/,
    ([, name = '', holderId]) => createHostError('NAME_CONFLICT', { name, holderId, sameOwner: false }),
  ],
  [
    /container name "([^"]+)" is already in use/,
    ([, name = '']) => createHostError('NAME_CONFLICT', { name, holderId: undefined, sameOwner: false }),
  ],
  [
    /bind source path does not exist|unable to prepare context|no service selected|has no healthcheck configured|invalid mount config/,
    (_, { reason }) => createSourceError('source', reason),
  ],
]

const buildFailure = /failed to solve|returned a non-zero code|failed to build|dockerfile parse error/i

function createSourceError(field: string, text: string): Error {
  const expected = 'what Compose accepts'
  return createHostError('INVALID_ARGUMENT', { field, expected, given: `a source with this fault: ${text}` })
}

function toBuildFacts({ text, steps, lastLines }: ComposeFailure): HostErrorFacts['BUILD_FAILED'] {
  const builds = steps.filter(({ kind }) => kind === 'build')
  const step = builds.findLast(({ status }) => status.startsWith('failed')) ?? builds.at(-1)
  const [, command] = /process "([^"]*(?:\\"[^"]*)*)"|The command '(.*)' returned/.exec(text) ?? []
  const [, code] = /(?:exit code|non-zero code): (\d+)/.exec(text) ?? []
  return {
    step: step?.name,
    command,
    exitCode: code === undefined ? undefined : Number(code),
    lastLines: lastLines.length === 0 ? [text] : lastLines,
  }
}

/** Returns the image of a service whose pull did not end. Images are pulled before anything is created. */
function findPulledImage(steps: readonly ComposeStep[], model: ProjectModel | undefined): string | undefined {
  if (steps.some(({ kind }) => kind === 'network' || kind === 'volume' || kind === 'container')) return undefined
  const images = steps.filter(({ kind, parent }) => kind === 'image' && parent === undefined)
  const isPulled = (name: string) => images.some((step) => step.name === name && /^(Pulled|Skipped)/.test(step.status))
  const failed = images.find(({ name, status }) => status.startsWith('Error') || !isPulled(name))
  if (failed === undefined) return undefined
  return model?.services.find(({ name }) => name === failed.name)?.image ?? failed.name
}

function unquote(text: string): string {
  return text.replace(/^["']|["',.:]+$/g, '')
}
