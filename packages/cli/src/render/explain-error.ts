import { type AnyHostError, describeError, type HostErrorCode, isHostError, type RuntimeReport } from '@capstan/core'
import {
  findUndoFailures,
  formatUnavailableSummary,
  joinWords,
  listRelevantReports,
  toAttemptLines,
} from '@capstan/core/plugin'
import { CliError } from '../errors/cli-error.js'
import { Interruption } from '../errors/interruption.js'
import { toMessage } from './printable.js'

/** An error in short lines without full stops. */
export interface ErrorExplanation {
  readonly problem: string
  readonly details: readonly string[]
  /** What the user can do. */
  readonly remedies: readonly string[]
  /** The errors of the cleanup. */
  readonly undoFailures: readonly string[]
}

/** Explains the error of a command; `command` is for example `capstan run`. */
export function explainError(error: unknown, command: string): ErrorExplanation {
  const { problem, details = [], remedies = [] } = explain(error, command)
  const undoFailures = findUndoFailures(error).map(toMessage)
  const sweep = undoFailures.length === 0 ? [] : ['`capstan sweep` removes what was left behind']
  return { problem, details, remedies: [...remedies, ...sweep], undoFailures }
}

type PartialExplanation = Pick<ErrorExplanation, 'problem'> & Partial<Pick<ErrorExplanation, 'details' | 'remedies'>>

function explain(error: unknown, command: string): PartialExplanation {
  if (isHostError(error)) return explainHostError(error, command)
  if (error instanceof CliError) return { ...splitMessage(toMessage(error)), remedies: error.remedies }
  if (error instanceof Interruption) return { problem: `interrupted by ${error.signal}` }
  const { problem, details = [] } = splitMessage(toMessage(error))
  return {
    problem: `unexpected error: ${problem}`,
    details,
    remedies: ['run it again with --debug, and report the output'],
  }
}

function explainHostError(error: AnyHostError, command: string): PartialExplanation {
  switch (error.code) {
    case 'RUNTIME_UNAVAILABLE':
      return error.facts.reports.length === 0 ? splitMessage(error.message) : explainUnavailable(error.facts)
    case 'CAPABILITY_MISSING':
      return explainMissing(error)
    case 'INVALID_ARGUMENT':
      return explainInvalid(error.facts, command)
    case 'IMAGE_PULL_FAILED':
      return { ...splitMessage(error.message), remedies: [toPullRemedy(error.facts)] }
    case 'IMAGE_PUSH_FAILED':
      return { ...splitMessage(error.message), remedies: [toPushRemedy(error.facts)] }
    default: {
      const { problem: message, remedy } = describeError<HostErrorCode>(error)
      const { problem, details = [] } = splitMessage(message, { atSemicolons: splitCodes.has(error.code) })
      return {
        problem,
        details,
        remedies: isServiceLimit(error.code, command)
          ? ['`capstan node ls` shows the nodes; --timeout sets the limit']
          : [
              ...(remedy === undefined ? [] : [remedy]),
              ...(remedies[error.code] ?? []),
              ...toImageOption(error.code, command),
              ...(error.code === 'SERVICE_NOT_READY' ? toJobOption(error.facts, command) : []),
            ],
      }
    }
  }
}

/** Splits a message into lines. With `atSemicolons`, also at semicolons. */
function splitMessage(message: string, { atSemicolons = false } = {}): PartialExplanation {
  const lines = message.split(atSemicolons ? /\s*\n\s*|; / : /\s*\n\s*/)
  const [problem = '', ...details] = lines.filter((line) => line !== '')
  return { problem, details }
}

/** Codes whose messages have semicolons only between statements, never in a command or in the answer of a registry. */
const splitCodes: ReadonlySet<HostErrorCode> = new Set([
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

/** Whether a service has not converged in time, which does not depend on the engine. */
function isServiceLimit(code: HostErrorCode, command: string): boolean {
  return code === 'TIMED_OUT' && /^capstan service (create|update|scale)$/.test(command)
}

/** `capstan conformance` has a default image, so the user may not know the option. */
function toImageOption(code: HostErrorCode, command: string): readonly string[] {
  return code === 'IMAGE_NOT_FOUND' && command === 'capstan conformance' ? ['use another image by --image'] : []
}

/** A service that exits with 0 is ready only as a job. */
function toJobOption(facts: Facts<'SERVICE_NOT_READY'>, command: string): readonly string[] {
  const { service, exitCode } = facts
  return exitCode === 0 && command === 'capstan compose up' ? [`--job ${service} waits until it has exited with 0`] : []
}

type Facts<C extends HostErrorCode> = Extract<AnyHostError, { code: C }>['facts']

function explainUnavailable(facts: Facts<'RUNTIME_UNAVAILABLE'>): PartialExplanation {
  const { reports } = facts
  const available = reports.filter((report) => report.available)
  const real = available.filter(({ selection }) => selection === 'automatic').map((report) => report.runtime)
  const simulated = available.filter(({ selection }) => selection === 'named').map((report) => report.runtime)
  return {
    problem: formatUnavailableSummary(facts),
    details: [
      ...listRelevantReports(facts).flatMap(toAttemptLines),
      ...real.flatMap((runtime) => [
        `runtime ${runtime} is available, but another endpoint was selected`,
        `→ --runtime ${runtime} uses it`,
      ]),
      ...simulated.flatMap((runtime) => [`runtime ${runtime} is a simulation`, `→ --runtime ${runtime} uses it`]),
    ],
    remedies: ['`capstan doctor` shows every endpoint that was tried'],
  }
}

function explainMissing({ message, facts }: Extract<AnyHostError, { code: 'CAPABILITY_MISSING' }>): PartialExplanation {
  const { problem, details = [] } = splitMessage(message)
  return {
    problem,
    details: [...details, ...facts.missing.flatMap(toReason)],
    remedies: [toAlternative(facts)],
  }
}

function toReason({ title, reason, remedy }: Facts<'CAPABILITY_MISSING'>['missing'][number]): readonly string[] {
  return [`no ${title}: ${reason}`, ...(remedy === undefined ? [] : [`→ ${remedy}`])]
}

function toAlternative({ missing, reports, runtime }: Facts<'CAPABILITY_MISSING'>): string {
  const others = reports.filter(
    (report) =>
      report.available &&
      report.runtime !== runtime &&
      missing.every(({ id }) => report.provides.some((provided) => provided.id === id)),
  )
  if (others.length === 0) return 'no other runtime on this machine provides what is missing: see `capstan doctor`'
  return `it works with ${joinWords(others.map(toChoice), 'or')}`
}

function toChoice({ runtime, selection }: RuntimeReport): string {
  return `--runtime ${runtime}${selection === 'named' ? ' (simulated)' : ''}`
}

/** No option sets a file of the context, so the message names its path. A fault of a Compose file has its place in the text. */
function explainInvalid(facts: Facts<'INVALID_ARGUMENT'>, command: string): PartialExplanation {
  const [, fault] = (facts.field.startsWith('source') && / with this fault: (.+)$/s.exec(facts.given)) || []
  if (fault !== undefined) return splitMessage(fault)
  const [, path] = /^context\.(?:directory|files)\[(".*")\]$/s.exec(facts.field) ?? []
  if (path === undefined) return { problem: toInvalidText(facts, command), remedies: [`see \`${command} --help\``] }
  const subject = path === '""' ? 'the context' : `${path} in the context`
  return { problem: `${subject} must be ${facts.expected}, not ${facts.given}` }
}

/** Formats the message with the option or the operand that sets the field. */
function toInvalidText({ field, expected, given }: Facts<'INVALID_ARGUMENT'>, command: string): string {
  const [name = ''] = field.replace(/^update\./, '').split(/[.[]/, 1)
  const part = field.slice(field.lastIndexOf('.') + 1)
  const own = commandFields[command.replace(/^capstan (image )?/, '')]
  const option = own?.[name] ?? partOptions[name]?.[part] ?? fieldOptions[name]
  const [, attribute] = /^cache(?:From|To)\[\d+\]\.(\w+)$/.exec(field) ?? []
  const subject = attribute === undefined ? (option ?? field) : `${attribute} of ${option}`
  const [wanted, found] = name === 'memoryBytes' ? [toSizes(expected), toSizes(given)] : [expected, given]
  return `${subject} must be ${wanted}, not ${found}`
}

/** Formats the byte counts in a text as values of `--memory`: 6291456 becomes `6m`. */
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

function toPushRemedy({ registryText }: Facts<'IMAGE_PUSH_FAILED'>): string {
  return unreachable.test(registryText)
    ? 'the engine cannot reach the registry: check its network, name servers and proxy'
    : 'check the name, and log in with `capstan login`'
}

// Errors of Go's net package, which Docker and Podman use to reach a registry.
const unreachable =
  /dial tcp|no such host|i\/o timeout|connection refused|network is unreachable|TLS handshake timeout/i

const remedies: { readonly [C in HostErrorCode]?: readonly string[] } = {
  CONTAINER_NOT_FOUND: ['`capstan ps --all` lists the containers'],
  NETWORK_NOT_FOUND: ['`capstan network ls` lists the networks'],
  SERVICE_NOT_FOUND: ['`capstan service ls` lists the services'],
  SECRET_NOT_FOUND: ['`capstan secret ls` lists the secrets'],
  CONFIG_NOT_FOUND: ['`capstan config ls` lists the configs'],
  VOLUME_NOT_FOUND: ['`capstan volume ls` lists the volumes'],
  PATH_NOT_FOUND: ['`capstan cp CONTAINER:/ - | tar t` lists the files'],
  IN_USE: ['stop or remove what uses it first'],
  NOT_RUNNING: ['`capstan ps --all` shows the state of each container'],
  CONNECTION_LOST: ['`capstan doctor` shows whether the engine still answers'],
  TIMED_OUT: ['wait and try again: `capstan doctor` shows whether the engine answers'],
  PLUGIN_UNKNOWN: ['`--plugin PACKAGE` adds one'],
  PROTOCOL_ERROR: ['report this to the authors of the runtime plugin'],
}

/** The options of `service create` and `service update` by field. */
const serviceFields: Readonly<Record<string, string>> = {
  memoryBytes: '--limit-memory',
  cpus: '--limit-cpu',
  endpointMode: '--endpoint-mode',
  timeoutMs: '--timeout',
  // Fields of `update`.
  parallelism: '--update-parallelism',
  delayMs: '--update-delay',
  monitorMs: '--update-monitor',
}

/** The options and operands of a command, by field, that {@link fieldOptions} does not have or names otherwise. */
const commandFields: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'config create': { name: 'NAME', value: 'the content of FILE' },
  commit: { tag: 'IMAGE' },
  'compose up': { services: 'SERVICE', jobs: '--job', scale: '--scale' },
  cp: { from: 'SRC', to: 'DEST' },
  'job run': { networks: '--network', constraints: '--constraint', configs: '--config' },
  'network connect': { networkId: 'NETWORK', containerId: 'CONTAINER', ipAddress: '--ip', aliases: '--alias' },
  'network create': { name: 'NAME', subnets: '--subnet' },
  'network disconnect': { networkId: 'NETWORK', containerId: 'CONTAINER' },
  rename: { name: 'NAME' },
  save: { references: 'image' },
  'secret create': { name: 'NAME', value: 'the content of FILE' },
  'service create': {
    name: '--name',
    ports: '--publish',
    mounts: '--mount',
    networks: '--network',
    constraints: '--constraint',
    secrets: '--secret',
    configs: '--config',
    ...serviceFields,
  },
  'service update': {
    labels: '--label-add',
    command: '--args',
    ports: '--publish-add',
    networks: '--network-add',
    constraints: '--constraint-add',
    secrets: '--secret-add',
    configs: '--config-add',
    ...serviceFields,
  },
  'service scale': { timeoutMs: '--timeout' },
  tag: { image: 'SOURCE', tag: 'TARGET' },
  'volume create': { name: 'NAME' },
}

/** The option that sets each part of a field. */
const partOptions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  mounts: { source: 'the source of --volume', target: 'the target of --volume or --tmpfs' },
  healthcheck: {
    intervalMs: '--health-interval',
    timeoutMs: '--health-timeout',
    startPeriodMs: '--health-start-period',
    retries: '--health-retries',
  },
  logDriver: { options: '--log-opt' },
}

/** The option of `run`, `exec`, `build`, `logs` or `stop` that sets each field of the contract. */
const fieldOptions: Readonly<Record<string, string>> = {
  buildArgs: '--build-arg',
  cacheFrom: '--cache-from',
  cacheTo: '--cache-to',
  capAdd: '--cap-add',
  capDrop: '--cap-drop',
  cpus: '--cpus',
  devices: '--device',
  dns: '--dns',
  dockerfile: '--file',
  entrypoint: '--entrypoint',
  entitlements: '--allow',
  env: '--env',
  exposedPorts: '--expose',
  extraHosts: '--add-host',
  gpus: '--gpus',
  graceMs: '--time',
  groupAdd: '--group-add',
  healthcheck: '--health-cmd',
  hostname: '--hostname',
  ipcMode: '--ipc',
  labels: '--label',
  logDriver: '--log-driver',
  memoryBytes: '--memory',
  name: '--name',
  namedContexts: '--build-context',
  network: '--network',
  noCacheStages: '--no-cache-filter',
  ociRuntime: '--oci-runtime',
  pidMode: '--pid',
  pidsLimit: '--pids-limit',
  platform: '--platform',
  platforms: '--platform',
  ports: '--publish',
  restartPolicy: '--restart',
  secrets: '--secret',
  securityOptions: '--security-opt',
  shmSizeBytes: '--shm-size',
  signal: '--signal',
  since: '--since',
  ssh: '--ssh',
  stopSignal: '--stop-signal',
  tag: '--tag',
  tailLines: '--tail',
  target: '--target',
  ulimits: '--ulimit',
  user: '--user',
  workingDirectory: '--workdir',
}
