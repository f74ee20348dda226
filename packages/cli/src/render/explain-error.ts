import {
  type AnyHostError,
  findUndoFailures,
  type HostErrorCode,
  isHostError,
  joinWords,
  listAskedReports,
  type RuntimeReport,
  toAttemptLines,
  toUnavailableSubject,
} from '@capstan/core'
import { BuildKitImageError } from '../buildkit/buildkit-image-error.js'
import { Interruption } from '../terminal/interruption.js'
import { UsageError } from '../usage-error.js'
import { toMessage } from './thrown-message.js'

/** What is known of a failure, in short lines without a full stop. */
export interface ErrorExplanation {
  readonly what: string
  /** Where it happened, and what was found there. */
  readonly details: readonly string[]
  /** What to do. */
  readonly remedies: readonly string[]
  /** The errors of the cleanup of partial work. */
  readonly undoFailures: readonly string[]
}

/** Explains what a command failed with; `command` is for example `capstan run`. */
export function explainError(error: unknown, command: string): ErrorExplanation {
  const { what, details = [], remedies = [] } = explain(error, command)
  const undoFailures = findUndoFailures(error).map(toMessage)
  const sweep = undoFailures.length === 0 ? [] : ['`capstan sweep` removes what is left']
  return { what, details, remedies: [...remedies, ...sweep], undoFailures }
}

type Explained = Pick<ErrorExplanation, 'what'> & Partial<Pick<ErrorExplanation, 'details' | 'remedies'>>

function explain(error: unknown, command: string): Explained {
  if (isHostError(error)) return explainHostError(error, command)
  if (error instanceof UsageError) return { ...splitMessage(toMessage(error)), remedies: error.remedies }
  if (error instanceof BuildKitImageError) return { ...splitMessage(error.message), remedies: error.remedy.split('; ') }
  if (error instanceof Interruption) return { what: `interrupted by ${error.signal}` }
  const { what, details = [] } = splitMessage(toMessage(error))
  return {
    what: `unexpected error: ${what}`,
    details,
    remedies: ['run it again with --debug, and report what it shows'],
  }
}

function explainHostError(error: AnyHostError, command: string): Explained {
  switch (error.code) {
    case 'RUNTIME_UNAVAILABLE':
      return error.facts.reports.length === 0 ? splitMessage(error.message) : explainUnavailable(error.facts)
    case 'CAPABILITY_MISSING':
      return explainMissing(error)
    case 'INVALID_ARGUMENT':
      return { what: toInvalid(error.facts), remedies: [`see \`${command} --help\``] }
    case 'IMAGE_PULL_FAILED':
      return { ...splitMessage(error.message), remedies: [toPullRemedy(error.facts)] }
    default: {
      const { what, details = [] } = splitMessage(error.message, separated.has(error.code))
      const told = details.filter((line) => separated.has(error.code) && instruction.test(line))
      return {
        what,
        details: details.filter((line) => !told.includes(line)),
        remedies: [...told, ...(remedies[error.code] ?? []), ...toImageOption(error.code, command)],
      }
    }
  }
}

/** The lines of a message. With `isSeparated`, a semicolon ends a line, too. */
function splitMessage(message: string, isSeparated = false): Explained {
  const lines = message.split(isSeparated ? /\s*\n\s*|; / : /\s*\n\s*/)
  const [what = '', ...details] = lines.filter((line) => line !== '')
  return { what, details }
}

/** Codes whose messages have semicolons only between statements, never inside a command or an answer of a registry. */
const separated: ReadonlySet<HostErrorCode> = new Set([
  'CAPABILITY_DUPLICATE',
  'FIREWALL_FAILED',
  'IMAGE_NOT_FOUND',
  'NAME_CONFLICT',
  'OPERATION_FAILED',
  'OPTION_UNSUPPORTED',
  'PLUGIN_DUPLICATE',
  'PLUGIN_UNKNOWN',
  'TIMED_OUT',
])

/** How messages of those codes tell what to do, after the semicolon. */
const instruction = /^(add|choose|give|leave|make|pass|provide|pull|raise|remove|start|sweep|try|use) /

/** The image of `capstan conformance` is an option with a default. */
function toImageOption(code: HostErrorCode, command: string): readonly string[] {
  return code === 'IMAGE_NOT_FOUND' && command === 'capstan conformance' ? ['--image names another'] : []
}

type Facts<C extends HostErrorCode> = Extract<AnyHostError, { code: C }>['facts']

function explainUnavailable(facts: Facts<'RUNTIME_UNAVAILABLE'>): Explained {
  const { reports } = facts
  const available = reports.filter((report) => report.available)
  const passed = available.filter(({ selection }) => selection === 'automatic').map((report) => report.runtime)
  const unasked = available.filter(({ selection }) => selection === 'named').map((report) => report.runtime)
  return {
    what: toUnavailableSubject(facts),
    details: [
      ...listAskedReports(facts).flatMap(toAttemptLines),
      ...passed.flatMap((runtime) => [
        `runtime ${runtime} is available, but another endpoint was asked for`,
        `→ --runtime ${runtime} uses it`,
      ]),
      ...unasked.flatMap((runtime) => [`runtime ${runtime} is a simulation`, `→ --runtime ${runtime} uses it`]),
    ],
    remedies: ['`capstan doctor` shows all that was tried'],
  }
}

function explainMissing({ message, facts }: Extract<AnyHostError, { code: 'CAPABILITY_MISSING' }>): Explained {
  const { what, details = [] } = splitMessage(message)
  return {
    what,
    details: [...details, ...facts.missing.flatMap(toReason)],
    remedies: [toAlternatives(facts)],
  }
}

function toReason({ title, reason, remedy }: Facts<'CAPABILITY_MISSING'>['missing'][number]): readonly string[] {
  return [`no ${title}: ${reason}`, ...(remedy === undefined ? [] : [`→ ${remedy}`])]
}

function toAlternatives({ missing, reports, runtime }: Facts<'CAPABILITY_MISSING'>): string {
  const able = reports.filter(
    (report) =>
      report.available &&
      report.runtime !== runtime &&
      missing.every(({ id }) => report.provides.some((provided) => provided.id === id)),
  )
  if (able.length === 0) return 'no other runtime here provides it: see `capstan doctor`'
  return `it works with ${joinWords(able.map(toChoice), 'or')}`
}

function toChoice({ runtime, selection }: RuntimeReport): string {
  return `--runtime ${runtime}${selection === 'named' ? ' (simulated)' : ''}`
}

/** The message, with the option by which the field was given. */
function toInvalid({ field, expected, given }: Facts<'INVALID_ARGUMENT'>): string {
  const [name = ''] = field.split(/[.[]/, 1)
  const option = name === 'mounts' ? mountOptions[field.slice(field.lastIndexOf('.') + 1)] : options[name]
  const [wanted, found] = name === 'memoryBytes' ? [toSizes(expected), toSizes(given)] : [expected, given]
  return `${option ?? field} must be ${wanted}, not ${found}`
}

/** The text with numbers of bytes as `--memory` takes them: 6291456 is `6m`. */
function toSizes(text: string): string {
  return text.replaceAll(/\d+/g, (digits) => {
    const [unit, power] = sizes.find(([, bytes]) => Number(digits) > 0 && Number(digits) % bytes === 0) ?? ['', 1]
    return `${Number(digits) / power}${unit}`
  })
}

const sizes: readonly (readonly [string, number])[] = [
  ['g', 1024 ** 3],
  ['m', 1024 ** 2],
  ['k', 1024],
]

function toPullRemedy({ registryText }: Facts<'IMAGE_PULL_FAILED'>): string {
  return unreachable.test(registryText)
    ? 'the engine cannot reach the registry: check its network, name servers and proxy'
    : 'check the name, log in with the client of the engine if the image is private, or build it'
}

// Words of Go's net package, by which Docker and Podman reach a registry.
const unreachable =
  /dial tcp|no such host|i\/o timeout|connection refused|network is unreachable|TLS handshake timeout/i

const remedies: { readonly [C in HostErrorCode]?: readonly string[] } = {
  CONTAINER_NOT_FOUND: ['`capstan ps --all` lists the containers'],
  IN_USE: ['stop or remove what uses it first'],
  NOT_RUNNING: ['`capstan ps --all` shows the state of each container'],
  CONNECTION_LOST: ['`capstan doctor` shows whether the engine still answers'],
  TIMED_OUT: ['wait and try again: `capstan doctor` shows whether the engine answers'],
  PLUGIN_UNKNOWN: ['`--plugin PACKAGE` adds one'],
  PROTOCOL_ERROR: ['report this to the authors of the runtime plugin'],
}

const mountOptions: Readonly<Record<string, string>> = {
  source: 'the source of --volume',
  target: 'the target of --volume or --tmpfs',
}

// Fields of the contract, by the option of `run`, `exec` or `build` that sets them.
const options: Readonly<Record<string, string>> = {
  buildArgs: '--build-arg',
  cacheFrom: '--cache-from',
  cacheTo: '--cache-to',
  capAdd: '--cap-add',
  capDrop: '--cap-drop',
  cpus: '--cpus',
  dns: '--dns',
  entrypoint: '--entrypoint',
  env: '--env',
  extraHosts: '--add-host',
  graceMs: '--time',
  groupAdd: '--group-add',
  hostname: '--hostname',
  labels: '--label',
  memoryBytes: '--memory',
  name: '--name',
  network: '--network',
  pidsLimit: '--pids-limit',
  platform: '--platform',
  ports: '--publish',
  secrets: '--secret',
  securityOptions: '--security-opt',
  since: '--since',
  stopSignal: '--stop-signal',
  tag: '--tag',
  tailLines: '--tail',
  target: '--target',
  ulimits: '--ulimit',
  user: '--user',
  workingDirectory: '--workdir',
}
