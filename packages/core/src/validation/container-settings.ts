import { posix } from 'node:path'
import type {
  ContainerConfig,
  Device,
  Gpus,
  IpcMode,
  LogDriver,
  PidMode,
  RestartPolicy,
} from '../contract/container/container-config.js'
import type { Healthcheck } from '../contract/container/healthcheck.js'
import type { Argv } from '../contract/operation.js'
import { joinWords } from '../errors/message.js'
import { check, checkEach, checkInteger, checkObject, checkOneOf, checkText, checkUnique } from './check.js'
import { checkCommand, checkContainerPath, checkEnginePath } from './fields.js'
import { validateId, validateStringMap } from './names.js'

/** Checks a health check or `none`. The intervals are whole milliseconds of at least 1. */
export function checkHealthcheck(field: string, healthcheck: Healthcheck): void {
  if (healthcheck === 'none') return
  check(typeof healthcheck === 'object' && healthcheck !== null, field, 'an object, or "none"', healthcheck)
  const { command, intervalMs, timeoutMs, startPeriodMs, retries } = healthcheck
  checkHealthCommand(`${field}.command`, command)
  const limits = { intervalMs, timeoutMs, startPeriodMs, retries }
  for (const [name, value] of Object.entries(limits)) {
    const min = name === 'startPeriodMs' ? 0 : 1
    if (value !== undefined) checkInteger(`${field}.${name}`, value, { min, max: longestMs })
  }
}

function checkHealthCommand(field: string, command: Argv | string): void {
  if (typeof command !== 'string') checkCommand(field, command)
  const isBlank = typeof command === 'string' ? command.trim() === '' || command.includes('\0') : command.length === 0
  check(!isBlank, field, 'a command line, or a text for the shell', command)
}

/** Checks a restart policy, which must be `no` with `autoRemove`. */
export function checkRestartPolicy(
  field: string,
  policy: RestartPolicy,
  { autoRemove }: Pick<ContainerConfig, 'autoRemove'>,
): void {
  checkObject(field, policy)
  const { name, maxRetries } = policy
  checkOneOf(`${field}.name`, name, ['no', 'always', 'unless-stopped', 'on-failure'])
  check(autoRemove !== true || name === 'no', field, 'absent with autoRemove', name)
  if (maxRetries === undefined) return
  check(name === 'on-failure', `${field}.maxRetries`, 'absent unless the policy is "on-failure"', maxRetries)
  checkInteger(`${field}.maxRetries`, maxRetries, { min: 1, max: 2 ** 31 - 1 })
}

/** Checks ports that are declared and not published. */
export function checkExposedPorts(
  field: string,
  ports: NonNullable<ContainerConfig['exposedPorts']>,
  { network }: ContainerConfig,
): void {
  checkEach(field, ports, (at, port) => {
    checkObject(at, port)
    checkInteger(`${at}.containerPort`, port.containerPort, { min: 1, max: 65_535 })
    checkOneOf(`${at}.protocol`, port.protocol ?? 'tcp', ['tcp', 'udp'])
  })
  check(network?.mode !== 'container' || ports.length === 0, field, absentWithContainer, ports)
  checkUnique(field, ports, ({ containerPort, protocol = 'tcp' }) => `${containerPort}/${protocol}`)
}

/** Checks devices, of which each target may occur once. */
export function checkDevices(field: string, devices: readonly Device[]): void {
  checkEach(field, devices, (at, device) => {
    checkObject(at, device)
    const { source, target, permissions } = device
    checkEnginePath(`${at}.source`, source)
    if (target !== undefined) checkContainerPath(`${at}.target`, target)
    if (permissions !== undefined)
      checkText(`${at}.permissions`, permissions, /^(?!.*(.).*\1)[rwm]{1,3}$/, 'some of the letters "r", "w" and "m"')
  })
  checkUnique(field, devices, ({ source, target = source }) => posix.resolve(target))
}

/** Checks a choice of GPUs. */
export function checkGpus(field: string, gpus: Gpus): void {
  if (gpus === 'all') return
  const expected = '"all", an object with "count", or an object with "ids"'
  check(typeof gpus === 'object' && gpus !== null, field, expected, gpus)
  check(['count', 'ids'].filter((key) => key in gpus).length === 1, field, expected, gpus)
  if ('count' in gpus) checkInteger(`${field}.count`, gpus.count, { min: 1 })
  else {
    const ids = `${field}.ids`
    checkEach<unknown>(ids, gpus.ids, (at, id) => checkText(at, id, /^[\w:.-]+$/, 'the id or number of a GPU'))
    check(gpus.ids.length > 0, ids, 'at least one id', gpus.ids)
  }
}

/** Checks an IPC mode. */
export function checkIpcMode(field: string, mode: IpcMode): void {
  checkNamespace(field, mode, ['none', 'private', 'shareable', 'host'])
}

/** Checks a mode of the namespace of process ids. */
export function checkPidMode(field: string, mode: PidMode): void {
  checkNamespace(field, mode, ['host'])
}

function checkNamespace(field: string, mode: IpcMode | PidMode, words: readonly string[]): void {
  if (typeof mode === 'object' && mode !== null) validateId(mode.container, `${field}.container`)
  else checkOneOf(field, mode, words)
}

/** Checks the size of `/dev/shm`, which only the IPC modes `private` and `shareable` have. */
export function checkShmSize(field: string, bytes: number, { ipcMode = 'private' }: ContainerConfig): void {
  checkInteger(field, bytes, { min: 1 })
  const hasOwn = ipcMode === 'private' || ipcMode === 'shareable'
  check(hasOwn, field, 'absent with this ipcMode', bytes)
}

/** Checks a log driver. Errors do not show the values of its options, which may be secrets. */
export function checkLogDriver(field: string, driver: LogDriver): void {
  checkObject(field, driver)
  const { name, options } = driver
  checkText(`${field}.name`, name, engineName, 'the name of a log driver, such as "json-file"')
  const rule = { key: /^[^-\s=][^\s=]*$/, expectedKey: 'the name of an option' }
  if (options !== undefined) validateStringMap(options, `${field}.options`, rule)
}

/** Checks the name of an OCI runtime. Whether the engine knows it is checked by the runtime. */
export function checkOciRuntime(field: string, name: unknown): void {
  checkText(field, name, engineName, 'the name of an OCI runtime, such as "runc"')
}

/**
 * Checks a name against those that the engine knows, such as its OCI runtimes.
 *
 * @throws HostError INVALID_ARGUMENT with the known names
 */
export function checkEngineName(field: string, name: string, known: readonly string[]): void {
  const names = known.length === 0 ? 'absent' : `a name that the engine knows: ${joinWords(known, 'or')}`
  check(known.includes(name), field, names, name)
}

/** What is expected of a field that belongs to the container whose network is used. */
export const absentWithContainer = 'absent with network mode "container"'

const engineName = /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,254}$/
/** Timers of Node treat 2³¹ and more as 1. */
const longestMs = 2 ** 30
