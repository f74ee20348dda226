import type { Mount, ServiceChange, ServiceConfig, ServiceInspection, ServicePort } from '@capstan/core'
import { ownershipLabelKeys, type StringMap } from '@capstan/core/plugin'
import { CliError } from '../errors/cli-error.js'
import type { Io } from '../terminal/io.js'
import { readEnvironment } from './environment.js'
import { parseFields, parseKeyValues, splitPair } from './key-values.js'
import { parseBoolean, parseBytes, parseDuration, parseNumber } from './numbers.js'
import { omitUndefined } from './omit-undefined.js'
import { createOptionError } from './option-error.js'
import { parseConfig, parseSecret } from './task-files.js'

/** The options that `service create` and `service update` share, as commander parses them. */
export interface ServiceSettingOptions {
  readonly replicas?: string
  readonly workdir?: string
  readonly user?: string
  readonly entrypoint?: string
  readonly endpointMode?: 'vip' | 'dnsrr'
  readonly limitMemory?: string
  readonly limitCpu?: string
  readonly updateParallelism?: string
  readonly updateDelay?: string
  readonly updateMonitor?: string
  readonly updateFailureAction?: 'rollback' | 'pause' | 'continue'
}

/** The options of `service create`. */
export interface ServiceCreateOptions extends ServiceSettingOptions {
  readonly name?: string
  readonly mode?: string
  readonly env?: readonly string[]
  readonly envFile?: readonly string[]
  readonly label?: readonly string[]
  readonly constraint?: readonly string[]
  readonly mount?: readonly string[]
  readonly network?: readonly string[]
  readonly publish?: readonly string[]
  readonly secret?: readonly string[]
  readonly config?: readonly string[]
}

/** The options of `service update`. */
export interface ServiceUpdateOptions extends ServiceSettingOptions {
  readonly image?: string
  readonly args?: string
  readonly labelAdd?: readonly string[]
  readonly labelRm?: readonly string[]
  readonly constraintAdd?: readonly string[]
  readonly constraintRm?: readonly string[]
  readonly networkAdd?: readonly string[]
  readonly networkRm?: readonly string[]
  readonly publishAdd?: readonly string[]
  readonly publishRm?: readonly string[]
  readonly secretAdd?: readonly string[]
  readonly secretRm?: readonly string[]
  readonly configAdd?: readonly string[]
  readonly configRm?: readonly string[]
}

/**
 * Converts the options of `service create` into the config of a service, which no sweep removes.
 *
 * @throws HostError INVALID_ARGUMENT naming the option; CliError for a conflict of options or a file that cannot be read
 */
export async function toServiceConfig(
  { image, command, name, options }: ServiceRequest,
  io: Pick<Io, 'env' | 'cwd'>,
): Promise<ServiceConfig> {
  const { mode, replicas = '1', label = [], mount, network, publish, secret, config, constraint } = options
  if (mode === 'global' && options.replicas !== undefined)
    throw new CliError('--replicas cannot be used with --mode global')
  const env = Object.entries(await readEnvironment(options, io)).flatMap(([key, value]) =>
    // As in docker, a variable that is not set here is not set in the service.
    value === null ? [] : [[key, value] as const],
  )
  const given = omitUndefined<Omit<ServiceConfig, 'name' | 'image' | 'replicas'>>({
    ...toSettings(options),
    command: command.length === 0 ? undefined : command,
    env: env.length === 0 ? undefined : Object.fromEntries(env),
    constraints: constraint,
    mounts: mount?.map(parseMount),
    networks: network,
    ports: publish?.map((text) => parseServicePort(text, '--publish')),
    secrets: secret?.map((text) => parseSecret(text, '--secret')),
    configs: config?.map((text) => parseConfig(text, '--config')),
  })
  const labels = { [ownershipLabelKeys.lifetime]: 'persistent', ...parseKeyValues(label, { option: '--label' }) }
  return { name, image, replicas: mode === 'global' ? 'one-per-node' : parseReplicas(replicas), labels, ...given }
}

/** A command line of `service create`. */
export interface ServiceRequest {
  readonly image: string
  readonly command: readonly string[]
  readonly name: string
  readonly options: ServiceCreateOptions
}

/**
 * Converts the options of `service update` into a change of a service, whose other settings stay as they are.
 *
 * @throws HostError INVALID_ARGUMENT naming the option; CliError without any change
 */
export function toServiceChange(options: ServiceUpdateOptions, current: ServiceInspection): ServiceChange {
  const change = omitUndefined<ServiceChange>({
    ...toSettings(options),
    image: options.image,
    command: options.args === undefined ? undefined : splitWords(options.args),
    replicas: options.replicas === undefined ? undefined : parseReplicas(options.replicas),
    labels: toLabels(options, current.labels),
    constraints: changeList(current.constraints, options.constraintAdd, options.constraintRm),
    networks: changeList(current.networks, options.networkAdd, options.networkRm),
    ports: changeObjects(current.ports, {
      add: options.publishAdd?.map((text) => parseServicePort(text, '--publish-add')),
      remove: options.publishRm,
      isSame: ({ containerPort, protocol = 'tcp' }, text) =>
        text === String(containerPort) || text === `${containerPort}/${protocol}`,
    }),
    secrets: changeObjects(
      current.secrets.map(({ secretName: secretId, target }) => ({ secretId, target })),
      {
        add: options.secretAdd?.map((text) => parseSecret(text, '--secret-add')),
        remove: options.secretRm,
        isSame: ({ secretId }, text) => secretId === text,
      },
    ),
    configs: changeObjects(
      current.configs.map(({ configName: configId, target }) => ({ configId, target })),
      {
        add: options.configAdd?.map((text) => parseConfig(text, '--config-add')),
        remove: options.configRm,
        isSame: ({ configId }, text) => configId === text,
      },
    ),
  })
  if (Object.keys(change).length === 0) throw new CliError('nothing to change: give at least one setting')
  return change
}

/**
 * Parses the number of replicas.
 *
 * @throws HostError INVALID_ARGUMENT naming the option
 */
function parseReplicas(text: string, option = '--replicas'): number {
  return parseNumber(text, { option, integer: true })
}

/** Converts the settings that replace a previous value as a whole. */
function toSettings(options: ServiceSettingOptions): {
  readonly [K in keyof ServiceChange]?: ServiceChange[K] | undefined
} {
  const { entrypoint, limitMemory, limitCpu, updateParallelism, updateDelay, updateMonitor } = options
  const update = omitUndefined<NonNullable<ServiceConfig['update']>>({
    parallelism:
      updateParallelism === undefined
        ? undefined
        : parseNumber(updateParallelism, { option: '--update-parallelism', integer: true }),
    delayMs: updateDelay === undefined ? undefined : parseDuration(updateDelay, '--update-delay'),
    monitorMs: updateMonitor === undefined ? undefined : parseDuration(updateMonitor, '--update-monitor'),
    failureAction: options.updateFailureAction,
  })
  return {
    workingDirectory: options.workdir,
    user: options.user,
    entrypoint: entrypoint === undefined ? undefined : entrypoint === '' ? [] : [entrypoint],
    endpointMode: options.endpointMode,
    memoryBytes: limitMemory === undefined ? undefined : parseBytes(limitMemory, '--limit-memory'),
    cpus: limitCpu === undefined ? undefined : parseNumber(limitCpu, { option: '--limit-cpu' }),
    update: Object.keys(update).length === 0 ? undefined : update,
  }
}

function toLabels({ labelAdd, labelRm }: ServiceUpdateOptions, current: StringMap): StringMap | undefined {
  if (labelAdd === undefined && labelRm === undefined) return undefined
  const { lifetime } = ownershipLabelKeys
  // The labels of the owner cannot be given.
  const kept = Object.entries(current).filter(([key]) => key === lifetime || !key.startsWith('capstan.'))
  const all = { ...Object.fromEntries(kept), ...parseKeyValues(labelAdd ?? [], { option: '--label-add' }) }
  return Object.fromEntries(Object.entries(all).filter(([key]) => labelRm?.includes(key) !== true))
}

function changeList(
  current: readonly string[],
  add: readonly string[] | undefined,
  remove: readonly string[] | undefined,
): readonly string[] | undefined {
  return changeObjects(current, { add, remove, isSame: (one, text) => one === text })
}

/** Returns the changed list; `undefined` without changes. */
function changeObjects<T>(current: readonly T[], { add, remove, isSame }: ListChange<T>): readonly T[] | undefined {
  if (add === undefined && remove === undefined) return undefined
  return [...current.filter((each) => remove?.some((text) => isSame(each, text)) !== true), ...(add ?? [])]
}

interface ListChange<T> {
  readonly add: readonly T[] | undefined
  readonly remove: readonly string[] | undefined
  /** Whether the text of an option names the object. */
  readonly isSame: (object: T, text: string) => boolean
}

/**
 * Parses `[PUBLISHED:]TARGET[/PROTOCOL]`, which is a port of mode `ingress` as in docker, and
 * `target=80,published=8080,protocol=tcp,mode=host`.
 *
 * @throws HostError INVALID_ARGUMENT naming `option`
 */
function parseServicePort(text: string, option: string): ServicePort {
  const expected = '[PUBLISHED:]TARGET[/tcp|udp] or target=PORT,published=PORT,protocol=tcp,mode=host'
  const toPort = (value: string | undefined) => {
    const port = Number(value)
    if (!/^\d+$/.test(value ?? '') || port < 1 || port > 65_535) throw createOptionError(option, expected, text)
    return port
  }
  const [, short, shortTarget, shortProtocol] = /^(?:(\d+):)?(\d+)(?:\/(\w+))?$/.exec(text) ?? []
  const fields = parseFields(text)
  const { target = shortTarget, published = short, protocol = shortProtocol ?? 'tcp', mode = 'ingress' } = fields
  const isKnown = Object.keys(fields).every((key) => ['target', 'published', 'protocol', 'mode'].includes(key))
  const isShort = shortTarget !== undefined
  if ((!isShort && !isKnown) || (mode !== 'ingress' && mode !== 'host') || (protocol !== 'tcp' && protocol !== 'udp'))
    throw createOptionError(option, expected, text)
  const hostPort = published === undefined ? undefined : toPort(published)
  return { containerPort: toPort(target), protocol, mode, ...(hostPort !== undefined && { hostPort }) }
}

/**
 * Parses `type=bind|volume|tmpfs,source=…,target=…[,readonly]`, as docker does. Default of the type: `volume`.
 *
 * @throws HostError INVALID_ARGUMENT for any other text and option
 */
function parseMount(text: string): Mount {
  const fields = parseFields(text)
  const { type = 'volume', source = fields.src, target = fields.dst ?? fields.destination } = fields
  const known = ['type', 'source', 'src', 'target', 'dst', 'destination', 'readonly', 'ro', 'tmpfs-size', 'tmpfs-mode']
  const isKnown = Object.keys(fields).every((key) => known.includes(key))
  const expected = 'type=bind|volume|tmpfs,source=SOURCE,target=PATH[,readonly]'
  if (!isKnown || target === undefined || (type !== 'tmpfs' && !source))
    throw createOptionError('--mount', expected, text)
  const flag = fields.readonly ?? fields.ro
  const readOnly = flag !== undefined && (flag === '' || parseBoolean(flag, '--mount'))
  if (type === 'tmpfs') {
    const { 'tmpfs-size': size, 'tmpfs-mode': mode } = fields
    const isMode = mode === undefined || /^[0-7]{1,4}$/.test(mode)
    if (!isMode || readOnly || source !== undefined) throw createOptionError('--mount', expected, text)
    return {
      type,
      target,
      ...(size !== undefined && { sizeBytes: parseBytes(size, '--mount tmpfs-size') }),
      ...(mode !== undefined && { mode: Number.parseInt(mode, 8) }),
    }
  }
  if (type === 'bind' || type === 'volume') return { type, source: source ?? '', target, readOnly }
  throw createOptionError('--mount', expected, text)
}

/** Splits a command line at spaces; quotes keep a word together. */
function splitWords(text: string): readonly string[] {
  const words = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'))
}

/**
 * Parses `SERVICE=REPLICAS`.
 *
 * @throws HostError INVALID_ARGUMENT
 */
export function parseScale(text: string): { readonly service: string; readonly replicas: number } {
  const [service, replicas] = splitPair(text)
  if (service === '' || replicas === undefined || !/^\d+$/.test(replicas))
    throw createOptionError('SERVICE=REPLICAS', 'a service and a number, such as web=3', text)
  return { service, replicas: Number(replicas) }
}
