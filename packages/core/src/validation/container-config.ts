import { isIP } from 'node:net'
import { posix } from 'node:path'
import type {
  ContainerConfig,
  ContainerNetwork,
  Mount,
  NetworkJoin,
  Ulimit,
} from '../contract/container/container-config.js'
import type { PortSpec } from '../contract/container/ports.js'
import {
  check,
  checkBoolean,
  checkInteger,
  checkList,
  checkObject,
  checkSecret,
  checkText,
  checkUnique,
} from './check.js'
import {
  checkAddress,
  checkCommand,
  checkHostName,
  checkMachinePath,
  checkPath,
  checkPlatform,
  checkUser,
} from './fields.js'
import {
  validateEnv,
  validateId,
  validateImageReference,
  validateLabels,
  validateName,
  validateSignal,
  validateStringMap,
} from './names.js'

/**
 * Validates the config of a container. Every runtime must call it before any side effect.
 *
 * Unknown fields are rejected, since they would be ignored silently. Inherited fields are validated, too.
 *
 * @throws HostError INVALID_ARGUMENT with the path of the field; the message contains no value of `env`
 */
export function validateContainerConfig(config: ContainerConfig): void {
  checkObject('config', config)
  validateImageReference(config.image)
  for (const field of Object.keys(config)) {
    checkSecret(Object.hasOwn(fields, field), field, 'a field of ContainerConfig', Reflect.get(config, field))
  }
  for (const [field, checkField] of Object.entries(fields)) {
    const value: unknown = config[field as keyof ContainerConfig] // `fields` has the keys of ContainerConfig
    // Each check declares the type of its field and accepts a value of any type.
    if (value !== undefined) checkField(value as never, config)
  }
}

type FieldChecks = { readonly [K in keyof Required<ContainerConfig>]: (value: never, config: ContainerConfig) => void }

const fields: Readonly<Record<string, (value: never, config: ContainerConfig) => void>> & FieldChecks = {
  image: (value) => validateImageReference(value),
  name: (value) => validateName(value),
  platform: (value) => checkPlatform('platform', value),
  pull: (value) => check(value === 'missing' || value === 'never', 'pull', '"missing" or "never"', value),
  command: (value) => checkCommand('command', value),
  entrypoint: (value) => checkCommand('entrypoint', value),
  workingDirectory: (value) => checkPath('workingDirectory', value),
  env: (value) => validateEnv(value),
  user: (value) => checkUser('user', value),
  groupAdd: (value) => checkTexts('groupAdd', value, /^[^-:\s][^:\s]*$/, 'a group'),
  hostname: (value) => checkHostName('hostname', value),
  mounts: checkMounts,
  readOnlyRootFilesystem: (value) => checkBoolean('readOnlyRootFilesystem', value),
  network: checkNetwork,
  ports: checkPorts,
  dns: (value: readonly unknown[]) => {
    checkList('dns', value)
    for (const [index, address] of value.entries()) checkAddress(`dns[${index}]`, address)
  },
  extraHosts: checkExtraHosts,
  privileged: (value) => checkBoolean('privileged', value),
  capAdd: (value) => checkTexts('capAdd', value, capability, 'a capability such as "NET_ADMIN"'),
  capDrop: (value) => checkTexts('capDrop', value, capability, 'a capability such as "NET_ADMIN"'),
  securityOptions: (value) => checkTexts('securityOptions', value, /^[^-\s]/, 'an option such as "seccomp=unconfined"'),
  interactive: (value) => checkBoolean('interactive', value),
  tty: (value) => checkBoolean('tty', value),
  labels: (value) => validateLabels(value),
  memoryBytes: (value) => checkInteger('memoryBytes', value, { least: 1 }),
  cpus: (value: number) => {
    check(Number.isFinite(value) && value > 0, 'cpus', 'a number greater than 0', value)
  },
  pidsLimit: (value) => checkInteger('pidsLimit', value, { least: 1 }),
  ulimits: checkUlimits,
  init: (value) => checkBoolean('init', value),
  autoRemove: (value) => checkBoolean('autoRemove', value),
  stopSignal: (value) => validateSignal(value, 'stopSignal'),
}

function checkTexts(field: string, values: unknown, pattern: RegExp, expected: string): void {
  checkList(field, values)
  for (const [index, value] of values.entries()) checkText(`${field}[${index}]`, value, pattern, expected)
}

function checkMounts(mounts: readonly Mount[]): void {
  checkList('mounts', mounts)
  for (const [index, mount] of mounts.entries()) checkMount(`mounts[${index}]`, mount)
  checkUnique(
    'mounts',
    mounts.map(({ target }) => posix.resolve(target)),
  )
}

function checkMount(field: string, mount: Mount): void {
  checkObject(field, mount)
  const { type } = mount
  check(type === 'bind' || type === 'volume' || type === 'tmpfs', `${field}.type`, '"bind", "volume" or "tmpfs"', type)
  checkPath(`${field}.target`, mount.target)
  check(posix.resolve(mount.target) !== '/', `${field}.target`, 'a path below "/"', mount.target)
  if (mount.type === 'bind') checkMachinePath(`${field}.source`, mount.source)
  if (mount.type === 'volume') checkVolume(field, mount)
  if (mount.type === 'tmpfs') checkTmpfs(field, mount)
  else checkBoolean(`${field}.readOnly`, mount.readOnly)
}

function checkVolume(field: string, { source, labels }: Extract<Mount, { type: 'volume' }>): void {
  validateName(source, `${field}.source`)
  if (labels !== undefined) validateLabels(labels, `${field}.labels`)
}

function checkTmpfs(field: string, { executable, sizeBytes, mode }: Extract<Mount, { type: 'tmpfs' }>): void {
  checkBoolean(`${field}.executable`, executable)
  if (sizeBytes !== undefined) checkInteger(`${field}.sizeBytes`, sizeBytes, { least: 1 })
  if (mode !== undefined) checkInteger(`${field}.mode`, mode, { least: 0, most: 0o7777 })
}

function checkNetwork(network: ContainerNetwork): void {
  checkObject('network', network)
  const { mode } = network
  check(
    ['default', 'none', 'host', 'networks'].includes(mode),
    'network.mode',
    '"default", "none", "host" or "networks"',
    mode,
  )
  if (network.mode !== 'networks') return
  checkJoins('network.networks', network.networks)
  check(network.networks.length > 0, 'network.networks', 'at least one network', network.networks)
}

/** Checks the networks that a container or a sidecar joins. */
export function checkJoins(field: string, joins: readonly NetworkJoin[]): void {
  checkList(field, joins)
  for (const [index, join] of joins.entries()) checkJoin(`${field}[${index}]`, join)
  checkUnique(
    field,
    joins.map(({ networkId }) => networkId),
  )
}

function checkJoin(field: string, join: NetworkJoin): void {
  checkObject(field, join)
  const { networkId, aliases = [] } = join
  validateId(networkId, `${field}.networkId`)
  checkList(`${field}.aliases`, aliases)
  for (const [at, alias] of aliases.entries()) checkHostName(`${field}.aliases[${at}]`, alias)
  checkUnique(`${field}.aliases`, aliases)
}

function checkPorts(ports: readonly PortSpec[], { network }: ContainerConfig): void {
  checkList('ports', ports)
  const mode = network?.mode
  // Engines ignore ports in these modes.
  const isPublishing = mode !== 'host' && mode !== 'none'
  check(isPublishing || ports.length === 0, 'ports', `absent with network mode "${mode}"`, ports)
  for (const [index, port] of ports.entries()) checkPort(`ports[${index}]`, port)
  checkUnique(
    'ports',
    // A port of the host can be published only once.
    ports.map(({ containerPort, hostPort, hostAddress = '127.0.0.1', protocol = 'tcp' }) =>
      [hostAddress, protocol, hostPort ?? `any to ${containerPort}`].join(' '),
    ),
  )
}

function checkPort(field: string, port: PortSpec): void {
  checkObject(field, port)
  const { containerPort, hostPort, hostAddress, protocol = 'tcp' } = port
  checkInteger(`${field}.containerPort`, containerPort, { least: 1, most: 65_535 })
  if (hostPort !== undefined) checkInteger(`${field}.hostPort`, hostPort, { least: 1, most: 65_535 })
  if (hostAddress !== undefined && hostAddress !== 'any') checkPublishAddress(`${field}.hostAddress`, hostAddress)
  check(protocol === 'tcp' || protocol === 'udp', `${field}.protocol`, '"tcp" or "udp"', protocol)
}

function checkPublishAddress(field: string, address: unknown): void {
  check(typeof address === 'string' && isIP(address) !== 0, field, 'an IP address, or "any"', address)
}

function checkExtraHosts(hosts: Readonly<Record<string, string>>): void {
  validateStringMap(hosts, 'extraHosts', { key: /^[^-\s=:][^\s=:]*$/, expectedKey: 'a host name' })
  for (const [name, address] of Object.entries(hosts)) {
    const field = `extraHosts[${JSON.stringify(name)}]`
    checkHostName(field, name)
    if (address !== 'host-gateway') checkAddress(field, address)
  }
}

function checkUlimits(ulimits: readonly Ulimit[]): void {
  checkList('ulimits', ulimits)
  for (const [index, ulimit] of ulimits.entries()) checkUlimit(`ulimits[${index}]`, ulimit)
  checkUnique(
    'ulimits',
    ulimits.map(({ name }) => name),
  )
}

function checkUlimit(field: string, ulimit: Ulimit): void {
  checkObject(field, ulimit)
  const { name, soft, hard } = ulimit
  checkText(`${field}.name`, name, /^[a-z]+$/, 'a limit such as "nofile"')
  checkInteger(`${field}.soft`, soft, { least: -1 })
  checkInteger(`${field}.hard`, hard, { least: -1 })
  check(hard === -1 || (soft !== -1 && soft <= hard), `${field}.soft`, `at most the hard limit ${hard}`, soft)
}

const capability = /^[A-Za-z][A-Za-z_]*$/
