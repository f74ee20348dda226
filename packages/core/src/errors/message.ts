import type { MissingCapability } from '../contract/probe.js'
import type { RuntimeReport } from '../contract/runtime-report.js'
import type { HostErrorCode, HostErrorFacts } from './host-error-facts.js'
import { formatUnavailable } from './unavailable-message.js'

/**
 * Returns the message of an error: a sentence with the problem and, after a semicolon, the remedy. RUNTIME_UNAVAILABLE
 * has lines for the attempts of its reports; CAPABILITY_MISSING of several runtimes has one for each that lacks capabilities.
 */
export function toMessage<C extends HostErrorCode>(code: C, facts: HostErrorFacts[C]): string {
  const { problem, remedy } = describeError({ code, facts })
  return remedy === undefined ? problem : `${problem}; ${remedy}`
}

/** Returns the parts of an error's message. `remedy` is what the user can do; `undefined` if nothing is known. */
export function describeError<C extends HostErrorCode>(error: {
  readonly code: C
  readonly facts: HostErrorFacts[C]
}): { readonly problem: string; readonly remedy: string | undefined } {
  return { problem: problems[error.code](error.facts), remedy: remedies[error.code]?.(error.facts) }
}

/** Joins words to an enumeration: `networks`, `networks and sidecars`, `networks, sidecars and exec`. */
export function joinWords(words: readonly string[], conjunction: 'and' | 'or' = 'and'): string {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} ${conjunction} ${last}`
}

/** Formats a duration for a message: `250 ms`, `10 s`, `1.5 s`. */
export function formatDuration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${Number((milliseconds / 1000).toFixed(1))} s`
}

/** Returns the message of an error, and any other value as a text. */
export function toErrorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const problems: { readonly [C in HostErrorCode]: (facts: HostErrorFacts[C]) => string } = {
  CAPABILITY_MISSING: ({ feature, runtime, missing, reports }) =>
    [
      `${feature ?? 'the application'} needs ${joinWords(missing.map(({ title }) => title))}, which `,
      runtime === undefined ? 'no available runtime provides together' : `runtime "${runtime}" does not provide`,
      ...(runtime === undefined ? reports.flatMap((report) => formatMissingByRuntime(report, missing)) : []),
    ].join(''),
  CAPABILITY_DUPLICATE: ({ capability, runtime, packageName, packageVersion }) =>
    `plugin "${runtime}" (${packageName} ${packageVersion}) provides capability "${capability}" twice`,
  PLUGIN_DUPLICATE: ({ plugin, packages }) => `several plugins are named "${plugin}" (${joinWords(packages)})`,
  PLUGIN_UNKNOWN: ({ plugin, known }) =>
    `no plugin is named "${plugin}"; known: ${known.length === 0 ? 'none' : joinWords(known)}`,
  PLUGIN_INVALID: ({ plugin, packageName, packageVersion, problem }) =>
    plugin === packageName && packageVersion === unknownVersion
      ? `plugin "${plugin}" ${problem}`
      : `plugin "${plugin}" (${packageName} ${packageVersion}) ${problem}`,
  RUNTIME_UNAVAILABLE: formatUnavailable,
  CONTAINER_NOT_FOUND: ({ id }) => `there is no container "${id}"`,
  IMAGE_NOT_FOUND: ({ image }) => `there is no image "${image}"`,
  NETWORK_NOT_FOUND: ({ id }) => `there is no network "${id}"`,
  VOLUME_NOT_FOUND: ({ name }) => `there is no volume "${name}"`,
  SERVICE_NOT_FOUND: ({ id }) => `there is no service "${id}"`,
  SECRET_NOT_FOUND: ({ id }) => `there is no secret "${id}"`,
  CONFIG_NOT_FOUND: ({ id }) => `there is no config "${id}"`,
  PATH_NOT_FOUND: ({ id, path, expected }) => `container "${id}" has no ${expected} "${path}"`,
  IMAGE_PULL_FAILED: ({ image, registryText }) => `image "${image}" could not be pulled: ${registryText}`,
  IMAGE_PUSH_FAILED: ({ image, registryText }) => `image "${image}" could not be pushed: ${registryText}`,
  BUILD_FAILED: ({ step, command, exitCode, lastLines }) =>
    [
      'the build failed',
      step === undefined ? '' : ` at ${step}`,
      command === undefined || step?.includes(command) ? '' : ` (${command})`,
      exitCode === undefined ? '' : ` with exit code ${exitCode}`,
      lastLines.length === 0 ? '' : `: ${lastLines.at(-1)}`,
    ].join(''),
  NAME_CONFLICT: ({ name, holderId, sameOwner }) =>
    `the name "${name}" is taken${holderId === undefined ? '' : ` by ${holderId}`}${sameOwner ? ', which this RuntimeHost created' : ''}`,
  IN_USE: ({ subject, users }) => `${subject} is in use${users.length === 0 ? '' : ` by ${joinWords(users)}`}`,
  NOT_RUNNING: ({ id, state }) => `container "${id}" is not running (${state})`,
  NOT_ATTACHABLE: ({ id, reason }) => `cannot attach to container "${id}": ${reason}`,
  LOGS_UNAVAILABLE: ({ id, reason }) => `the output of container "${id}" cannot be read: ${reason}`,
  COMMAND_NOT_STARTED: ({ command, exitCode }) =>
    exitCode === 127
      ? `the image has no command "${command[0] ?? ''}"`
      : `the command "${command[0] ?? ''}" cannot be executed`,
  OPTION_UNSUPPORTED: ({ runtime, field, reason }) => `runtime "${runtime}" does not support "${field}": ${reason}`,
  INVALID_ARGUMENT: ({ field, expected, given }) => `${field} must be ${expected}, not ${given}`,
  EXIT_CODE_UNKNOWN: ({ id, reason }) => `the exit code of "${id}" is not known: ${reason}`,
  WAIT_FAILED: ({ id, awaited, reason, lastLines }) =>
    [
      `container "${id}" did not become ready (${awaited}): ${reason}`,
      lastLines.length === 0 ? '' : `; the last line of its log is: ${lastLines.at(-1)}`,
    ].join(''),
  SERVICE_NOT_READY: ({ project, service, state, health, exitCode, lastLines }) =>
    [
      `service "${service}" of project "${project}" is not ready: its container `,
      exitCode === undefined ? `is ${health ?? state}` : `exited with code ${exitCode}`,
      lastLines.length === 0 ? '' : `; the last line of its log is: ${lastLines.at(-1)}`,
    ].join(''),
  SERVICE_NOT_CONVERGED: ({ service, running, desired, reasons, rolledBack }) =>
    [
      `service "${service}" did not converge: ${running} of ${desired} tasks run`,
      reasons.length === 0 ? '' : ` (${reasons.join('; ')})`,
      rolledBack ? ', and its previous settings were restored' : '',
    ].join(''),
  FIREWALL_FAILED: ({ id, reason, containment }) =>
    `the firewall of container "${id}" was not set: ${reason}; ${containments[containment]}`,
  CONNECTION_LOST: ({ endpoint, lastTimestamp }) =>
    `the connection to ${endpoint} was lost${lastTimestamp === undefined ? '' : `; the last line or event is of ${lastTimestamp}`}`,
  PROTOCOL_ERROR: ({ operation, excerpt }) => `the answer to ${operation} is not valid: ${excerpt}`,
  TIMED_OUT: ({ operation, phase, timeoutMs, lastLines }) =>
    [
      `${operation} did not finish within ${formatDuration(timeoutMs)}`,
      phase === undefined ? '' : ` (${phase})`,
      lastLines.length === 0 ? '' : `: ${lastLines.at(-1)}`,
    ].join(''),
  OPERATION_FAILED: ({ operation, subject, reason }) => `${operation} of ${subject} failed: ${reason}`,
}

const remedies: { readonly [C in HostErrorCode]?: (facts: HostErrorFacts[C]) => string | undefined } = {
  CAPABILITY_DUPLICATE: () => 'provide it once in register',
  PLUGIN_DUPLICATE: () => 'pass one of them to the host',
  IMAGE_NOT_FOUND: () => 'pull or build it first',
  NAME_CONFLICT: () => 'choose another name, or remove the object that has it',
  LOGS_UNAVAILABLE: () => 'read it by startAttached or attach, or choose another log driver',
  OPTION_UNSUPPORTED: ({ remedy }) => remedy,
  TIMED_OUT: ({ option }) =>
    option === undefined ? undefined : `raise the option ${option}, or pass a signal with a longer deadline`,
  OPERATION_FAILED: ({ remedy }) => remedy,
}

// The version of a package that was not found. The message then contains only its name.
const unknownVersion = 'unknown version'

const containments = {
  sealed: 'all traffic of the container is now blocked, except on its loopback interface',
  disconnected: 'the container was disconnected from every network',
  killed: 'the container was killed',
  ended: 'the process of the container ended before the rules were set',
  'not-started': 'the container was not started',
  unchanged: 'the container was not changed, so its traffic may be unrestricted',
} as const

function formatMissingByRuntime(report: RuntimeReport, missing: readonly MissingCapability[]): readonly string[] {
  const provided = new Set(report.available ? report.provides.map(({ id }) => id) : [])
  const titles = missing.filter(({ id }) => !provided.has(id)).map(({ title }) => title)
  return report.available && titles.length > 0 ? [`\n  ${report.runtime} lacks ${joinWords(titles)}`] : []
}
