import { inspect } from 'node:util'
import { type AnyHostError, type HostErrorCode, isHostError, joinWords, type RuntimeReport } from '@capstan/core'
import { BuildKitImageError } from '../buildkit/buildkit-image-error.js'
import { UsageError } from '../usage-error.js'
import { toPrintable } from './printable.js'
import { wrapText } from './text.js'
import { toMessage } from './thrown-message.js'

/** One paragraph for a person: what failed, where, and what to do. With `debug` what a developer wants to see follows it. */
export function toErrorText(error: unknown, { debug, command, width }: ErrorTextOptions): string {
  const paragraph = `${command}: ${[...toSentences(error, command), ...toUndoSentences(error)].join('. ')}`
  const line = toPrintable(paragraph.replaceAll(/\s*\n\s*/g, ' ').replaceAll(wholeId, (id) => id.slice(0, 12)))
  const text = width === undefined ? line : wrapText(line, width)
  return debug ? `${text}\n${inspect(error, { depth: 6 })}` : text
}

export interface ErrorTextOptions {
  readonly debug: boolean
  /** For example `capstan run`. */
  readonly command: string
  /** Columns of the terminal. Without one the paragraph is one line. */
  readonly width: number | undefined
}

function toSentences(error: unknown, command: string): readonly string[] {
  if (isHostError(error)) return toHostSentences(error, command)
  if (error instanceof UsageError) return [error.message]
  if (error instanceof BuildKitImageError) return [error.message, error.remedy]
  return [
    `something went wrong that Capstan did not expect: ${toMessage(error)}`,
    'Run it with --debug and report it, please',
  ]
}

function toHostSentences(error: AnyHostError, command: string): readonly string[] {
  switch (error.code) {
    case 'RUNTIME_UNAVAILABLE':
      return toUnavailable(error.facts)
    case 'CAPABILITY_MISSING':
      return [error.message, ...error.facts.missing.map(toReason), toAlternatives(error.facts)]
    case 'INVALID_ARGUMENT':
      return [toInvalid(error.facts), `See \`${command} --help\``]
    case 'IMAGE_PULL_FAILED':
      return [error.message, toPullRemedy(error.facts)]
    default:
      return [error.message, ...(remedies[error.code] ?? [])]
  }
}

/** As `ps` shows ids. Of a digest all is told: a name with a part of it names nothing. */
const wholeId = /(?<![:\w])[0-9a-f]{64}(?!\w)/g

type Facts<C extends HostErrorCode> = Extract<AnyHostError, { code: C }>['facts']
type Attempt = RuntimeReport['attempts'][number]

function toUnavailable({ runtime, reports }: Facts<'RUNTIME_UNAVAILABLE'>): readonly string[] {
  const subject = runtime === undefined ? 'no container runtime is available' : `runtime "${runtime}" is not available`
  const attempts = reports.flatMap((report) => toAttempts(report.runtime, report.attempts))
  const available = reports.filter((report) => report.available)
  const passed = available.filter(({ selection }) => selection === 'automatic').map((report) => report.runtime)
  const barred = `Runtime ${joinWords(passed)} is available, but another endpoint was asked for: --runtime chooses it`
  const unasked = available.filter(({ selection }) => selection === 'named').map((report) => toUnasked(report.runtime))
  const others = [...(passed.length > 0 ? [barred] : []), ...unasked]
  return [subject, ...attempts, ...others, '`capstan doctor` shows all that was tried']
}

function toUnasked(runtime: string): string {
  return `Runtime ${runtime} is opened only when it is named: --runtime ${runtime}`
}

/** Of places where nothing is, the first stands for all: the others are usual ones that few machines have. */
function toAttempts(runtime: string, attempts: readonly Attempt[]): readonly string[] {
  const vacant = attempts.filter(({ step }) => step === 'find')
  const shown = attempts.filter((attempt) => attempt.step !== 'find' || attempt === vacant[0])
  const more = attempts.length - shown.length
  const others = more === 1 ? 'one other place' : `${more} other places`
  return [
    ...shown.map((attempt) => toAttempt(runtime, attempt)),
    ...(more === 0 ? [] : [`Nothing is at ${others} where ${runtime} may listen`]),
  ]
}

/** `docker at unix:///run/x.sock (DOCKER_HOST) failed at connect: connect ECONNREFUSED; start the engine`. */
function toAttempt(runtime: string, { candidate, source, step, cause, remedy }: Attempt): string {
  return `${runtime} at ${candidate} (${source}) failed at ${step}: ${toCause(cause)}; ${remedy}`
}

/** The message, with the code in front where it does not say it itself. */
export function toCause({ code, message }: Attempt['cause']): string {
  return message.includes(code) ? message : `${code}, ${message}`
}

/** The message, with the option by which the field was given. */
function toInvalid({ field, expected, given }: Facts<'INVALID_ARGUMENT'>): string {
  const [name = ''] = field.split(/[.[]/, 1)
  const option = name === 'mounts' ? mountOptions[field.slice(field.lastIndexOf('.') + 1)] : options[name]
  return `${option ?? field} must be ${expected}, not ${given}`
}

function toPullRemedy({ registryText }: Facts<'IMAGE_PULL_FAILED'>): string {
  return unreachable.test(registryText)
    ? 'The engine does not reach the registry: check its network, name servers and proxy'
    : 'Check its name, log in with the client of the engine if it is private, or build it'
}

// Words of Go's net package, by which Docker and Podman reach a registry.
const unreachable =
  /dial tcp|no such host|i\/o timeout|connection refused|network is unreachable|TLS handshake timeout/i

function toReason({ title, reason, remedy }: Facts<'CAPABILITY_MISSING'>['missing'][number]): string {
  return `No ${title}: ${reason}${remedy === undefined ? '' : `; ${remedy}`}`
}

function toAlternatives({ missing, reports, runtime }: Facts<'CAPABILITY_MISSING'>): string {
  const able = reports.filter(
    (report) =>
      report.available &&
      report.runtime !== runtime &&
      missing.every(({ id }) => report.provides.some((provided) => provided.id === id)),
  )
  if (able.length === 0) return 'No other runtime here would do: see `capstan doctor`'
  return `Here it would work with ${joinWords(able.map(toChoice), 'or')}`
}

function toChoice({ runtime, selection }: RuntimeReport): string {
  return `--runtime ${runtime}${selection === 'named' ? ' (simulated)' : ''}`
}

function toUndoSentences(error: unknown): readonly string[] {
  const failures = isHostError(error) ? error.undoFailures : []
  if (failures.length === 0) return []
  return [`Undoing what was begun met ${joinWords(failures.map(toMessage))}`, '`capstan sweep` removes what is left']
}

const remedies: { readonly [C in HostErrorCode]?: readonly string[] } = {
  CONTAINER_NOT_FOUND: ['`capstan ps --all` lists the containers'],
  IN_USE: ['Stop or remove what uses it first'],
  NOT_RUNNING: ['`capstan ps --all` shows the state of each container'],
  CONNECTION_LOST: ['`capstan doctor` shows whether the engine still answers'],
  TIMED_OUT: ['`capstan doctor` shows whether the engine still answers'],
  PLUGIN_UNKNOWN: ['`--plugin PACKAGE` brings another'],
  PROTOCOL_ERROR: ['Report this to the makers of the runtime plugin'],
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
