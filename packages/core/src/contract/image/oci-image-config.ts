import type { Healthcheck } from '../container/healthcheck.js'
import type { ExposedPort, Protocol } from '../container/ports.js'
import type { StringMap } from '../operation.js'
import type { ImageConfig } from './image.js'

/** The settings of an image with its labels. */
export interface LabelledImageConfig extends ImageConfig {
  readonly labels: StringMap
}

/**
 * Reads the member `config` of an image configuration, and ignores what has another type.
 * https://github.com/opencontainers/image-spec/blob/main/config.md, with the health check of
 * https://github.com/moby/docker-image-spec.
 */
export function parseOciImageConfig(value: unknown): LabelledImageConfig {
  const config = toRecord(value)
  return {
    command: toTexts(config.Cmd),
    entrypoint: toTexts(config.Entrypoint),
    env: Object.fromEntries(toTexts(config.Env).map(toVariable)),
    user: toText(config.User) ?? '',
    workingDirectory: toText(config.WorkingDir) || '/',
    exposedPorts: Object.keys(toRecord(config.ExposedPorts)).flatMap(toExposedPort).toSorted(comparePorts),
    volumes: Object.keys(toRecord(config.Volumes)).toSorted(),
    stopSignal: toText(config.StopSignal) || undefined,
    healthcheck: toHealthcheck(toRecord(config.Healthcheck)),
    labels: Object.fromEntries(Object.entries(toRecord(config.Labels)).filter(isLabel)),
  }
}

/** Returns the member `config` of an image configuration with these settings. A setting that is `undefined` is left out. */
export function toOciImageConfig(config: Partial<LabelledImageConfig>): Readonly<Record<string, unknown>> {
  const { env, exposedPorts, volumes, healthcheck } = config
  const all = {
    Cmd: config.command,
    Entrypoint: config.entrypoint,
    Env: env && Object.entries(env).map(([name, text]) => `${name}=${text}`),
    User: config.user,
    WorkingDir: config.workingDirectory,
    ExposedPorts: exposedPorts && toKeys(exposedPorts.map((port) => `${port.containerPort}/${port.protocol}`)),
    Volumes: volumes && toKeys(volumes),
    StopSignal: config.stopSignal,
    Healthcheck: healthcheck && toOciHealthcheck(healthcheck),
    Labels: config.labels,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isRecord ? Object.fromEntries(Object.entries(value)) : {}
}

function toText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function toTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function toVariable(line: string): readonly [string, string] {
  const at = line.indexOf('=')
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
}

/** Reads `80`, `80/tcp` or the range `8000-8002/udp`. Other protocols are ignored. */
function toExposedPort(key: string): readonly ExposedPort[] {
  const [, first, last = first, protocol = 'tcp'] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(\w+))?$/.exec(key) ?? []
  if (!isProtocol(protocol)) return []
  const count = Math.max(0, Math.min(Number(last), 65_535) - Number(first) + 1) || 0
  return Array.from({ length: count }, (_, index) => ({ containerPort: Number(first) + index, protocol }))
}

function isProtocol(text: string): text is Protocol {
  return text === 'tcp' || text === 'udp'
}

function comparePorts(one: ExposedPort, other: ExposedPort): number {
  return one.containerPort - other.containerPort || one.protocol.localeCompare(other.protocol)
}

function isLabel(entry: [string, unknown]): entry is [string, string] {
  return typeof entry[1] === 'string'
}

function toKeys(names: readonly string[]): Readonly<Record<string, object>> {
  return Object.fromEntries(names.map((name) => [name, {}]))
}

function toHealthcheck({ Test, ...limits }: Readonly<Record<string, unknown>>): Healthcheck | undefined {
  const [kind, ...words] = toTexts(Test)
  if (kind === 'NONE') return 'none'
  if (kind === undefined || words.length === 0) return undefined
  const toMs = (value: unknown) => (typeof value === 'number' && value > 0 ? value / nsPerMs : undefined)
  const { Interval, Timeout, StartPeriod, Retries } = limits
  const given = {
    intervalMs: toMs(Interval),
    timeoutMs: toMs(Timeout),
    startPeriodMs: toMs(StartPeriod),
    retries: typeof Retries === 'number' && Retries > 0 ? Retries : undefined,
  }
  const command = kind === 'CMD-SHELL' ? words.join(' ') : words
  return { command, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) }
}

/** Returns the member `Healthcheck` of the settings of an image or a container, with times in nanoseconds. */
export function toOciHealthcheck(healthcheck: Healthcheck): object {
  if (healthcheck === 'none') return { Test: ['NONE'] }
  const { command, intervalMs, timeoutMs, startPeriodMs, retries } = healthcheck
  const toNs = (ms: number | undefined) => ms && Math.round(ms * nsPerMs)
  return {
    Test: typeof command === 'string' ? ['CMD-SHELL', command] : ['CMD', ...command],
    Interval: toNs(intervalMs),
    Timeout: toNs(timeoutMs),
    StartPeriod: toNs(startPeriodMs),
    Retries: retries,
  }
}

const nsPerMs = 1_000_000
