import { isIP } from 'node:net'
import { posix } from 'node:path'
import type {
  ContainerConfig,
  ContainerNetwork,
  CreateOptions,
  Mount,
  NetworkJoin,
  Ulimit,
} from '../contract/container/container-config.js'
import type { PortSpec } from '../contract/container/ports.js'
import {
  check,
  checkBoolean,
  checkEach,
  checkFunction,
  checkInteger,
  checkObject,
  checkOneOf,
  checkText,
  checkUnique,
} from './check.js'
import {
  absentWithContainer,
  checkDevices,
  checkExposedPorts,
  checkGpus,
  checkHealthcheck,
  checkIpcMode,
  checkLogDriver,
  checkOciRuntime,
  checkPidMode,
  checkRestartPolicy,
  checkShmSize,
} from './container-settings.js'
import {
  checkAddress,
  checkCommand,
  checkContainerPath,
  checkCpus,
  checkEnginePath,
  checkHostName,
  checkPlatform,
  checkUser,
} from './fields.js'
import { checkFields } from './known-fields.js'
import {
  validateEnv,
  validateId,
  validateImageReference,
  validateLabels,
  validateName,
  validateSignal,
  validateStringMap,
} from './names.js'
import { checkNetworkJoin } from './networks.js'

/**
 * Validates the config of a container and the options of `createContainer`. Every runtime must call it before any side effect.
 *
 * Unknown fields are rejected, since they would be ignored silently. Inherited fields are validated, too.
 *
 * @throws HostError INVALID_ARGUMENT with the path of the field; the message contains no value of `env`
 */
export function validateContainerConfig(config: ContainerConfig, options: CreateOptions = {}): void {
  checkObject('config', config)
  validateImageReference(config.image)
  checkFields('ContainerConfig', config)
  checkFields('CreateOptions', options)
  checkFunction('onProgress', options.onProgress)
  for (const [field, checkField] of Object.entries(fields)) {
    const value: unknown = config[field as keyof ContainerConfig] // `fields` has the keys of ContainerConfig
    // Each check declares the type of its field and accepts a value of any type.
    if (value !== undefined) checkField(field, value as never, config)
  }
}

type FieldCheck = (field: string, value: never, config: ContainerConfig) => void

const fields: Readonly<Record<string, FieldCheck>> & { readonly [K in keyof Required<ContainerConfig>]: FieldCheck } = {
  image: (field, value) => validateImageReference(value, field),
  name: (field, value) => validateName(value, field),
  platform: checkPlatform,
  pull: (field, value) => checkOneOf(field, value, ['missing', 'never']),
  command: checkCommand,
  entrypoint: checkCommand,
  workingDirectory: checkContainerPath,
  env: (field, value) => validateEnv(value, field),
  user: checkUser,
  groupAdd: toTextsCheck(/^[^-:\s][^:\s]*$/, 'a group'),
  hostname: (field, value, config) => checkOwnNetwork(field, value, config, checkHostName),
  mounts: checkMounts,
  readOnlyRootFilesystem: checkBoolean,
  network: checkNetwork,
  ports: checkPorts,
  exposedPorts: checkExposedPorts,
  dns: (field, value, config) => checkOwnNetwork(field, value, config, (at, list) => checkEach(at, list, checkAddress)),
  extraHosts: (field, value, config) => checkOwnNetwork(field, value, config, checkExtraHosts),
  privileged: checkBoolean,
  capAdd: toTextsCheck(/^[A-Za-z][A-Za-z_]*$/, 'a capability such as "NET_ADMIN"'),
  capDrop: toTextsCheck(/^[A-Za-z][A-Za-z_]*$/, 'a capability such as "NET_ADMIN"'),
  securityOptions: toTextsCheck(/^[^-\s]/, 'an option such as "seccomp=unconfined"'),
  devices: checkDevices,
  gpus: checkGpus,
  ociRuntime: checkOciRuntime,
  ipcMode: checkIpcMode,
  pidMode: checkPidMode,
  interactive: checkBoolean,
  tty: checkBoolean,
  labels: (field, value) => validateLabels(value, field),
  memoryBytes: (field, value) => checkInteger(field, value, { min: 1 }),
  cpus: checkCpus,
  shmSizeBytes: checkShmSize,
  pidsLimit: (field, value) => checkInteger(field, value, { min: 1 }),
  ulimits: checkUlimits,
  init: checkBoolean,
  autoRemove: checkBoolean,
  restartPolicy: checkRestartPolicy,
  stopSignal: (field, value) => validateSignal(value, field),
  healthcheck: checkHealthcheck,
  logDriver: checkLogDriver,
}

/** Checks a field that belongs to the container whose network is used, in the network mode `container`. */
function checkOwnNetwork<T>(
  field: string,
  value: T,
  { network }: ContainerConfig,
  checkValue: (field: string, value: T) => void,
): void {
  checkValue(field, value)
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0
  check(network?.mode !== 'container' || isEmpty, field, absentWithContainer, value)
}

/** Returns a check for an array of texts that match `pattern`. */
function toTextsCheck(pattern: RegExp, expected: string): FieldCheck {
  return (field, values) => checkEach<unknown>(field, values, (at, value) => checkText(at, value, pattern, expected))
}

function checkMounts(field: string, mounts: readonly Mount[]): void {
  checkEach(field, mounts, checkMount)
  checkUnique(field, mounts, ({ target }) => posix.resolve(target))
}

function checkMount(field: string, mount: Mount): void {
  checkObject(field, mount)
  checkOneOf(`${field}.type`, mount.type, ['bind', 'volume', 'tmpfs'])
  checkContainerPath(`${field}.target`, mount.target)
  check(posix.resolve(mount.target) !== '/', `${field}.target`, 'a path below "/"', mount.target)
  if (mount.type === 'bind') {
    checkEnginePath(`${field}.source`, mount.source)
    if (mount.relabel !== undefined) checkOneOf(`${field}.relabel`, mount.relabel, ['shared', 'private'])
  }
  if (mount.type === 'volume') {
    validateName(mount.source, `${field}.source`)
    if (mount.labels !== undefined) validateLabels(mount.labels, `${field}.labels`)
  }
  if (mount.type === 'tmpfs') checkTmpfs(field, mount)
  else checkBoolean(`${field}.readOnly`, mount.readOnly)
}

function checkTmpfs(field: string, { executable, sizeBytes, mode }: Extract<Mount, { type: 'tmpfs' }>): void {
  checkBoolean(`${field}.executable`, executable)
  if (sizeBytes !== undefined) checkInteger(`${field}.sizeBytes`, sizeBytes, { min: 1 })
  if (mode !== undefined) checkInteger(`${field}.mode`, mode, { min: 0, max: 0o7777 })
}

function checkNetwork(field: string, network: ContainerNetwork): void {
  checkObject(field, network)
  checkOneOf(`${field}.mode`, network.mode, ['default', 'none', 'host', 'container', 'networks'])
  if (network.mode === 'container') validateId(network.id, `${field}.id`)
  if (network.mode !== 'networks') return
  checkJoins(`${field}.networks`, network.networks)
  check(network.networks.length > 0, `${field}.networks`, 'at least one network', network.networks)
}

/** Checks the networks that a container or a sidecar joins. */
export function checkJoins(field: string, joins: readonly NetworkJoin[]): void {
  checkEach(field, joins, checkJoin)
  checkUnique(field, joins, ({ networkId }) => networkId)
}

function checkJoin(field: string, join: NetworkJoin): void {
  checkObject(field, join)
  checkNetworkJoin(join, `${field}.`)
}

function checkPorts(field: string, ports: readonly PortSpec[], { network }: ContainerConfig): void {
  checkEach(field, ports, checkPort)
  const mode = network?.mode
  // Engines ignore ports in these modes.
  const isPublishing = mode !== 'host' && mode !== 'none' && mode !== 'container'
  check(isPublishing || ports.length === 0, field, `absent with network mode "${mode}"`, ports)
  checkUnique(
    field,
    ports,
    // A port of the engine's machine can be published only once.
    ({ containerPort, hostPort, hostAddress = '127.0.0.1', protocol = 'tcp' }) =>
      [hostAddress, protocol, hostPort ?? `any to ${containerPort}`].join(' '),
  )
}

function checkPort(field: string, port: PortSpec): void {
  checkObject(field, port)
  const { containerPort, hostPort, hostAddress, protocol = 'tcp' } = port
  checkInteger(`${field}.containerPort`, containerPort, { min: 1, max: 65_535 })
  if (hostPort !== undefined) checkInteger(`${field}.hostPort`, hostPort, { min: 1, max: 65_535 })
  if (hostAddress !== undefined && hostAddress !== 'any') checkPublishAddress(`${field}.hostAddress`, hostAddress)
  checkOneOf(`${field}.protocol`, protocol, ['tcp', 'udp'])
}

function checkPublishAddress(field: string, address: unknown): void {
  check(typeof address === 'string' && isIP(address) !== 0, field, 'an IP address, or "any"', address)
}

function checkExtraHosts(field: string, hosts: Readonly<Record<string, string>>): void {
  validateStringMap(hosts, field, { key: /^[^-\s=:][^\s=:]*$/, expectedKey: 'a host name' })
  for (const [name, address] of Object.entries(hosts)) {
    const at = `${field}[${JSON.stringify(name)}]`
    checkHostName(at, name)
    if (address !== 'host-gateway') checkAddress(at, address)
  }
}

function checkUlimits(field: string, ulimits: readonly Ulimit[]): void {
  checkEach(field, ulimits, checkUlimit)
  checkUnique(field, ulimits, ({ name }) => name)
}

function checkUlimit(field: string, ulimit: Ulimit): void {
  checkObject(field, ulimit)
  const { name, soft, hard } = ulimit
  checkText(`${field}.name`, name, /^[a-z]+$/, 'a limit such as "nofile"')
  checkInteger(`${field}.soft`, soft, { min: -1 })
  checkInteger(`${field}.hard`, hard, { min: -1 })
  check(hard === -1 || (soft !== -1 && soft <= hard), `${field}.soft`, `at most the hard limit ${hard}`, soft)
}
