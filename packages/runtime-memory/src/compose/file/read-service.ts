import type { RestartPolicy } from '@capstan/core'
import type { Argv } from '@capstan/core/plugin'
import { parse as parseWords } from 'shell-quote'
import type { ComposeNode, ToPath } from './compose-node.js'
import { readMounts } from './read-mounts.js'
import { readPorts } from './read-ports.js'
import type {
  Dependency,
  EnvFile,
  HealthcheckSettings,
  NetworkSettings,
  ServiceSettings,
  SimpleSettings,
} from './service-settings.js'

/**
 * Reads a service of a Compose file. `toPath` makes a path absolute.
 *
 * @throws HostError INVALID_ARGUMENT for an attribute that Compose does not have and for a bad value; OPTION_UNSUPPORTED with the
 * path for one that the simulation does not support
 */
export function readService(node: ComposeNode, { toPath }: { readonly toPath: ToPath }): ServiceSettings {
  for (const entry of node.entries()) checkAttribute(entry)
  const find = <T>(key: string, read: (found: ComposeNode) => T): T | undefined => {
    const found = node.find(key)
    return found === undefined ? undefined : read(found)
  }
  return {
    node,
    ...readSimple(node),
    hasBuild: node.find('build') !== undefined,
    environment: find('environment', readEnvironment) ?? new Map(),
    envFiles: find('env_file', (found) => readEnvFiles(found, toPath)) ?? [],
    labels: find('labels', readLabels) ?? new Map(),
    dependsOn: find('depends_on', readDependencies) ?? new Map(),
    healthcheck: find('healthcheck', readHealthcheck),
    networks: find('networks', readNetworks) ?? new Map(),
    mounts: find('volumes', (found) => readMounts(found, toPath)) ?? new Map(),
    ports: find('ports', readPorts) ?? [],
    profiles: find('profiles', (found) => found.texts()) ?? [],
  }
}

function checkAttribute(node: ComposeNode): void {
  const { key } = node
  if (Object.hasOwn(simpleReaders, key) || structured.has(key)) return
  if (unsupported.has(key)) throw node.unsupported()
  throw node.fault(`${node.path} is not an attribute of a service`)
}

function readSimple(node: ComposeNode): SimpleSettings {
  const parts = node
    .entries()
    .map((entry) => (entry.isNull && !nullable.has(entry.key) ? {} : (simpleReaders[entry.key]?.(entry) ?? {})))
  return Object.assign({}, ...parts)
}

/** `command` and `entrypoint` without a value are those of the image, also where an earlier file has another value. */
const nullable: ReadonlySet<string> = new Set(['command', 'entrypoint'])

const simpleReaders: Readonly<Record<string, (node: ComposeNode) => SimpleSettings>> = {
  image: (node) => ({ image: node.text() }),
  container_name: (node) => ({ containerName: node.text() }),
  command: (node) => ({ command: readCommand(node) }),
  entrypoint: (node) => ({ entrypoint: readCommand(node) }),
  scale: (node) => ({ scale: node.integer() }),
  user: (node) => ({ user: node.text() }),
  hostname: (node) => ({ hostname: node.text() }),
  working_dir: (node) => ({ workingDirectory: node.text() }),
  stop_signal: (node) => ({ stopSignal: node.text() }),
  platform: (node) => ({ platform: node.text() }),
  tty: (node) => ({ tty: node.boolean() }),
  stdin_open: (node) => ({ interactive: node.boolean() }),
  init: (node) => ({ init: node.boolean() }),
  read_only: (node) => ({ readOnlyRootFilesystem: node.boolean() }),
  restart: (node) => ({ restartPolicy: readRestartPolicy(node) }),
}

/** Splits a text into words as a shell does, without the expansion of variables. */
function readCommand(node: ComposeNode): Argv | undefined {
  if (node.isNull) return undefined
  if (node.isSequence) return node.texts()
  // Without an environment, shell-quote keeps `$NAME` when the function returns it.
  const words = parseWords(node.text(), (name) => `$${name}`)
  return words.map((word) => {
    if (typeof word === 'string') return word
    if ('pattern' in word) return word.pattern
    return 'comment' in word ? `#${word.comment}` : word.op
  })
}

function readRestartPolicy(node: ComposeNode): RestartPolicy {
  // YAML reads a bare `no` as a text.
  const text = node.value === false ? 'no' : node.text()
  const [, retries] = /^on-failure(?::(\d+))?$/.exec(text) ?? []
  if (retries !== undefined) return { name: 'on-failure', maxRetries: Number(retries) }
  if (text === 'no' || text === 'always' || text === 'unless-stopped' || text === 'on-failure') return { name: text }
  return node.reject('no, always, unless-stopped or on-failure[:RETRIES]')
}

/** Reads `NAME=VALUE` texts or a mapping. `null`: the value of the environment. */
function readEnvironment(node: ComposeNode): ReadonlyMap<string, string | null> {
  if (node.isMapping) return new Map(node.entries().map((entry) => [entry.key, entry.isNull ? null : entry.text()]))
  return new Map(
    node.items().map((item) => {
      const text = item.text()
      const end = text.indexOf('=')
      if (end === 0) item.reject('a text with a name')
      return end === -1 ? [text, null] : [text.slice(0, end), text.slice(end + 1)]
    }),
  )
}

/** Reads labels from a mapping, or from a list of KEY=VALUE. */
export function readLabels(node: ComposeNode): ReadonlyMap<string, string> {
  return new Map([...readEnvironment(node)].map(([key, value]) => [key, value ?? '']))
}

function readEnvFiles(node: ComposeNode, toPath: ToPath): readonly EnvFile[] {
  const entries = node.isSequence ? node.items() : [node]
  return entries.map((entry) => {
    if (!entry.isMapping) return { node: entry, path: toPath(entry.text()), required: true }
    entry.checkKeys(['path', 'required'], { unsupported: ['format'] })
    const path = entry.find('path') ?? entry.reject('a mapping with a path')
    return {
      node: path,
      path: toPath(path.text()),
      required: entry.find('required')?.boolean() ?? true,
    }
  })
}

function readDependencies(node: ComposeNode): ReadonlyMap<string, Dependency> {
  if (node.isSequence) {
    return new Map(
      node.items().map((item) => [item.text(), { node: item, condition: 'started', required: true } as const]),
    )
  }
  return new Map(
    node.entries().map((entry) => {
      entry.checkKeys(['condition', 'required'], { unsupported: ['restart'] })
      const condition = entry.find('condition')
      const name = condition?.text() ?? 'service_started'
      const known = conditions.get(name) ?? condition?.reject([...conditions.keys()].join(', ')) ?? 'started'
      return [entry.key, { node: entry, condition: known, required: entry.find('required')?.boolean() ?? true }]
    }),
  )
}

const conditions: ReadonlyMap<string, Dependency['condition']> = new Map([
  ['service_started', 'started'],
  ['service_healthy', 'healthy'],
  ['service_completed_successfully', 'completed'],
])

function readHealthcheck(node: ComposeNode): HealthcheckSettings {
  const known = ['test', 'interval', 'timeout', 'retries', 'start_period', 'disable']
  node.checkKeys(known, { unsupported: ['start_interval'] })
  const [test, interval, timeout, retries, startPeriod] = known.map((key) => node.find(key))
  const command = test === undefined ? undefined : readTest(test)
  return {
    node,
    isDisabled: node.find('disable')?.boolean() === true || command === 'none',
    ...(command !== undefined && command !== 'none' && { command: command.command }),
    ...(interval && { intervalMs: interval.milliseconds() }),
    ...(timeout && { timeoutMs: timeout.milliseconds() }),
    ...(retries && { retries: retries.integer({ min: 1 }) }),
    ...(startPeriod && { startPeriodMs: startPeriod.milliseconds() }),
  }
}

function readTest(node: ComposeNode): 'none' | { readonly command: Argv | string } {
  if (!node.isSequence) return { command: node.text() }
  const [kind, ...words] = node.texts()
  if (kind === 'NONE') return 'none'
  if (kind === 'CMD' && words.length > 0) return { command: words }
  if (kind === 'CMD-SHELL' && words.length === 1) return { command: words[0] ?? '' }
  return node.reject('a text, or a list that begins with CMD, CMD-SHELL or NONE')
}

function readNetworks(node: ComposeNode): ReadonlyMap<string, NetworkSettings> {
  if (node.isSequence) {
    return new Map(node.items().map((item) => [item.text(), { node: item, aliases: [], ipAddress: undefined }]))
  }
  return new Map(
    node.entries().map((entry) => {
      if (entry.isNull) return [entry.key, { node: entry, aliases: [], ipAddress: undefined }]
      entry.checkKeys(['aliases', 'ipv4_address'], { unsupported: unsupportedNetworkKeys })
      const ipAddress = entry.find('ipv4_address')?.text()
      return [entry.key, { node: entry, aliases: entry.find('aliases')?.texts() ?? [], ipAddress }]
    }),
  )
}

const unsupportedNetworkKeys = [
  'ipv6_address',
  'link_local_ips',
  'mac_address',
  'priority',
  'gw_priority',
  'driver_opts',
  'interface_name',
]

const structured: ReadonlySet<string> = new Set([
  'build',
  'environment',
  'env_file',
  'labels',
  'depends_on',
  'healthcheck',
  'networks',
  'volumes',
  'ports',
  'profiles',
])

/** The other attributes of a service in Compose. */
const unsupported: ReadonlySet<string> = new Set(
  `annotations attach blkio_config cap_add cap_drop cgroup cgroup_parent configs cpu_count cpu_percent cpu_period cpu_quota
  cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec deploy develop device_cgroup_rules devices dns dns_opt
  dns_search domainname driver_opts expose extends external_links extra_hosts gpus group_add ipc isolation label_file links
  logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models network_mode oom_kill_disable oom_score_adj
  pid pids_limit post_start pre_stop privileged provider pull_policy runtime secrets security_opt shm_size stop_grace_period
  storage_opt sysctls tmpfs ulimits use_api_socket userns_mode uts volumes_from`.split(/\s+/),
)
