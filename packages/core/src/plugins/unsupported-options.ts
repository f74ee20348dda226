import { isIPv6 } from 'node:net'
import type { Capability } from '../contract/capability.js'
import type { ContainerConfig } from '../contract/container/container-config.js'
import { volumeManagerCapability } from '../contract/managers/volume-manager.js'
import type { EnvMap } from '../contract/operation.js'
import type { MissingCapability, OptionName, UnsupportedOption } from '../contract/probe.js'
import { createHostError } from '../errors/create-host-error.js'
import type { HostError } from '../errors/host-error.js'
import { formatValue } from '../validation/format-value.js'

/** Throws OPTION_UNSUPPORTED if a container's config, or a part of it, uses an option in `unsupportedOptions`. */
export function checkConfigOptions(
  runtime: string,
  config: ContainerSettings,
  unsupportedOptions: readonly UnsupportedOption[],
): void {
  for (const unsupported of unsupportedOptions) {
    const given = findGiven(config, unsupported.field)
    if (given !== undefined) throw createUnsupportedError(runtime, unsupported, given)
  }
}

/**
 * Finds the entry of `unsupportedOptions` for an option, else for the option that contains it: the entry `network` is also that of
 * `network.host`. `undefined` if the option is supported.
 */
export function findUnsupportedOption(
  field: OptionName,
  unsupportedOptions: readonly UnsupportedOption[],
): UnsupportedOption | undefined {
  const names: readonly string[] = [field, ...parentsOf(field)]
  return names
    .map((name) => unsupportedOptions.find((entry) => entry.field === name))
    .find((entry) => entry !== undefined)
}

/**
 * Throws OPTION_UNSUPPORTED if an option that is not a part of a container's config is used and not supported. `given`:
 * its value; `undefined` and `false` do not use it. The capability is used only to check the type of `field`.
 */
export function checkOption<F extends OptionName>(
  _: Capability<object, F>,
  field: NoInfer<F>,
  given: unknown,
  {
    runtime,
    unsupportedOptions,
  }: { readonly runtime: string; readonly unsupportedOptions: readonly UnsupportedOption[] },
): void {
  if (given === undefined || given === false) return
  const unsupported = findUnsupportedOption(field, unsupportedOptions)
  if (unsupported !== undefined) throw createUnsupportedError(runtime, unsupported, given)
}

/**
 * Returns `unsupportedOptions` with `mounts.volume` added if the runtime has no volume manager and the entry is
 * missing. A mount could otherwise create a volume that no sweep finds.
 */
export function addUnsupportedVolumeMounts(
  unsupportedOptions: readonly UnsupportedOption[],
  absent: readonly MissingCapability[],
): readonly UnsupportedOption[] {
  const missing = absent.find(({ id }) => id === volumeManagerCapability.id)
  if (missing === undefined || unsupportedOptions.some(({ field }) => field === 'mounts.volume'))
    return unsupportedOptions
  return [...unsupportedOptions, { field: 'mounts.volume', reason: missing.reason, remedy: missing.remedy }]
}

/** Returns the options that a valid container config uses, for `requiredOptions` of `RuntimeHost.open`. */
export function listUsedOptions(config: ContainerConfig): readonly OptionName[] {
  const fields = (Object.keys(config) as (keyof ContainerConfig)[]).filter((field) => field !== 'image')
  const suboptions = Object.keys(valueFinders) as OptionName[] // typed by the declaration of `valueFinders`
  return [...new Set([...fields, ...suboptions])].filter((field) => findGiven(config, field) !== undefined)
}

/** Returns the options that contain an option, innermost first: `mounts.tmpfs` and `mounts` for `mounts.tmpfs.size`. */
function parentsOf(field: string): readonly string[] {
  const end = field.lastIndexOf('.')
  return end === -1 ? [] : [field.slice(0, end), ...parentsOf(field.slice(0, end))]
}

/** Creates OPTION_UNSUPPORTED for an entry of `unsupportedOptions`. */
export function createUnsupportedError(
  runtime: string,
  { field, reason, remedy }: UnsupportedOption,
  given: unknown,
): HostError<'OPTION_UNSUPPORTED'> {
  const shown = secrets.has(field) && typeof given === 'object' && given !== null ? Object.keys(given) : given
  return createHostError('OPTION_UNSUPPORTED', {
    runtime,
    field,
    given: formatValue(shown),
    reason,
    ...(remedy && { remedy }),
  })
}

/** Settings of a container, or a part of them. */
type ContainerSettings = Partial<ContainerConfig>

/** Returns the value with which a config uses an option. `undefined` if it does not, as with `false` and empty values. */
function findGiven(config: ContainerSettings, field: OptionName): unknown {
  const find = valueFinders[field]
  if (find !== undefined) return find(config)
  const value = field in config ? config[field as keyof ContainerSettings] : undefined
  return isUsed(value) ? value : undefined
}

function isUsed(value: unknown): boolean {
  if (value === undefined || value === false) return false
  if (Array.isArray(value)) return value.length > 0
  return typeof value !== 'object' || value === null || Object.keys(value).length > 0
}

const valueFinders: { readonly [F in OptionName]?: (config: ContainerSettings) => unknown } = {
  pull: ({ pull }) => (pull === 'missing' ? undefined : pull), // `missing` is the default
  'env.unset': ({ env = {} }) => findUnset(env),
  'mounts.bind': ({ mounts }) => mounts?.find(({ type }) => type === 'bind'),
  'mounts.bind.relabel': ({ mounts }) => mounts?.find((mount) => mount.type === 'bind' && mount.relabel !== undefined),
  'mounts.volume': ({ mounts }) => mounts?.find(({ type }) => type === 'volume'),
  'mounts.tmpfs': ({ mounts }) => mounts?.find(({ type }) => type === 'tmpfs'),
  'mounts.tmpfs.noexec': ({ mounts }) => mounts?.find((mount) => mount.type === 'tmpfs' && !mount.executable),
  'mounts.tmpfs.size': ({ mounts }) =>
    mounts?.find((mount) => mount.type === 'tmpfs' && (mount.sizeBytes ?? 0) % mebibyte !== 0),
  network: ({ network }) => (network === undefined || network.mode === 'default' ? undefined : network),
  'network.host': ({ network }) => (network?.mode === 'host' ? network : undefined),
  'network.none': ({ network }) => (network?.mode === 'none' ? network : undefined),
  'network.container': ({ network }) => (network?.mode === 'container' ? network : undefined),
  'network.several': ({ network }) =>
    network?.mode === 'networks' && network.networks.length > 1 ? network.networks : undefined,
  'network.aliases': ({ network }) =>
    network?.mode === 'networks' ? network.networks.find(({ aliases = [] }) => aliases.length > 0) : undefined,
  'network.ipAddress': ({ network }) =>
    network?.mode === 'networks' ? network.networks.find(({ ipAddress }) => ipAddress !== undefined) : undefined,
  'ports.hostPort': ({ ports }) => ports?.find(({ hostPort }) => hostPort !== undefined),
  'ports.udp': ({ ports }) => ports?.find(({ protocol }) => protocol === 'udp'),
  'ports.ipv6': ({ ports }) => ports?.find(({ hostAddress = '' }) => isIPv6(hostAddress)),
  restartPolicy: ({ restartPolicy }) => (restartPolicy?.name === 'no' ? undefined : restartPolicy), // `no` is the default
  // On a runtime without health checks, `none` has the requested effect.
  healthcheck: ({ healthcheck }) => (healthcheck === 'none' ? undefined : healthcheck),
  'logDriver.options': ({ logDriver }) => (isUsed(logDriver?.options) ? logDriver?.options : undefined),
  'labels.equalsSign': ({ labels = {} }) => Object.entries(labels).find(([, value]) => value.includes('=')),
  'cpus.fraction': ({ cpus }) => (cpus === undefined || Number.isInteger(cpus) ? undefined : cpus),
  'memoryBytes.small': ({ memoryBytes = Number.POSITIVE_INFINITY }) =>
    memoryBytes < smallMemoryBytes ? memoryBytes : undefined,
}

/** Finds the first variable that the config removes. */
function findUnset(env: EnvMap): string | undefined {
  return Object.keys(env).find((name) => env[name] === null)
}

const mebibyte = 1024 * 1024
const smallMemoryBytes = 200 * mebibyte

/** Options whose values may be secrets. Errors show only the names in them. */
const secrets: ReadonlySet<OptionName> = new Set(['env', 'logDriver.options'])
