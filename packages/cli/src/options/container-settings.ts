import type { Healthcheck, RestartPolicy } from '@capstan/core'
import type { Device, ExposedPort, Gpus, IpcMode, LogDriver, PidMode } from '@capstan/core/plugin'
import { CliError } from '../errors/cli-error.js'
import { parseFields, parseKeyValues } from './key-values.js'
import { parseDuration, parseNumber } from './numbers.js'
import { omitUndefined } from './omit-undefined.js'
import { createOptionError } from './option-error.js'

/** The options of a health check, as commander parses them. `healthcheck` is `false` with `--no-healthcheck`. */
export interface HealthOptions {
  readonly healthCmd?: string
  readonly healthInterval?: string
  readonly healthTimeout?: string
  readonly healthStartPeriod?: string
  readonly healthRetries?: string
  readonly healthcheck?: boolean
}

/**
 * Converts the options of a health check; `undefined` without any. The other options need `--health-cmd`: the contract has no
 * change of the times of an image's check.
 */
export function toHealthcheck(options: HealthOptions): Healthcheck | undefined {
  const { healthCmd: command, healthcheck, healthRetries: retries } = options
  const times = omitUndefined<Omit<Exclude<Healthcheck, 'none'>, 'command'>>({
    intervalMs: toMs(options.healthInterval, '--health-interval'),
    timeoutMs: toMs(options.healthTimeout, '--health-timeout'),
    startPeriodMs: toMs(options.healthStartPeriod, '--health-start-period'),
    retries: retries === undefined ? undefined : parseNumber(retries, { option: '--health-retries', integer: true }),
  })
  const hasTimes = Object.keys(times).length > 0
  if (healthcheck === false) {
    if (command !== undefined || hasTimes) throw new CliError('--no-healthcheck cannot be used with --health-* options')
    return 'none'
  }
  if (command !== undefined) return { command, ...times }
  if (hasTimes)
    throw new CliError(
      '--health-interval, --health-timeout, --health-start-period and --health-retries need --health-cmd',
    )
  return undefined
}

function toMs(text: string | undefined, option: string): number | undefined {
  return text === undefined ? undefined : parseDuration(text, option)
}

/** Parses `--restart`: `no`, `always`, `unless-stopped`, or `on-failure` with an optional limit such as `on-failure:3`. */
export function parseRestartPolicy(text: string): RestartPolicy {
  const [, name = '', retries] = /^(no|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(text) ?? []
  if (retries !== undefined && name === 'on-failure') {
    return { name, ...(Number(retries) > 0 && { maxRetries: Number(retries) }) }
  }
  if (retries === undefined && isPolicy(name)) return { name }
  throw createOptionError('--restart', 'no, always, unless-stopped or on-failure[:RETRIES]', text)
}

function isPolicy(name: string): name is RestartPolicy['name'] {
  return name !== ''
}

/** Parses `--expose`: `PORT[-PORT][/tcp|udp]`. */
export function parseExposedPorts(text: string): readonly ExposedPort[] {
  const [, first, last = first, protocol = 'tcp'] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp))?$/i.exec(text) ?? []
  const count = Number(last) - Number(first) + 1
  const isValid = Number(first) >= 1 && Number(last) <= 65_535 && count >= 1
  if (!isValid) throw createOptionError('--expose', 'PORT[-PORT][/tcp|udp], ports from 1 to 65535', text)
  const name = protocol.toLowerCase() === 'udp' ? 'udp' : 'tcp'
  return Array.from({ length: count }, (_, index) => ({ containerPort: Number(first) + index, protocol: name }))
}

/** Parses `--device`: `SOURCE[:TARGET][:PERMISSIONS]`. */
export function parseDevice(text: string): Device {
  const [source = '', ...rest] = text.split(':')
  const isPermissions = (word: string | undefined) => word !== undefined && /^[rwm]{1,3}$/.test(word)
  const [target, permissions] = rest.length === 1 && isPermissions(rest[0]) ? [undefined, rest[0]] : rest
  const isValid = source !== '' && rest.length <= 2 && target !== '' && (rest.length < 2 || isPermissions(permissions))
  if (!isValid) throw createOptionError('--device', 'SOURCE[:TARGET][:PERMISSIONS], with permissions such as rwm', text)
  return { source, ...omitUndefined<Omit<Device, 'source'>>({ target, permissions }) }
}

/** Parses `--gpus`: `all`, a number, `count=N` or `device=ID[,ID…]`. */
export function parseGpus(text: string): Gpus {
  const [, ids] = /^"?device=([^"]+)"?$/.exec(text) ?? []
  if (ids !== undefined) return { ids: ids.split(',') }
  const count = /^\d+$|^all$/.test(text) ? text : parseFields(text).count
  if (count === 'all') return 'all'
  if (count !== undefined && /^[1-9]\d*$/.test(count) && !text.includes(',')) return { count: Number(count) }
  throw createOptionError('--gpus', 'all, a number, or device=ID[,ID]', text)
}

/** Parses `--ipc`. */
export function parseIpcMode(text: string): IpcMode {
  const owner = findOwner(text)
  if (owner !== undefined) return { container: owner }
  if (text === 'none' || text === 'private' || text === 'shareable' || text === 'host') return text
  throw createOptionError('--ipc', 'none, private, shareable, host or container:NAME', text)
}

/** Parses `--pid`. */
export function parsePidMode(text: string): PidMode {
  const owner = findOwner(text)
  if (owner !== undefined) return { container: owner }
  if (text === 'host') return text
  throw createOptionError('--pid', 'host or container:NAME', text)
}

/** Returns the name or ID in `container:NAME`. */
export function findOwner(text: string): string | undefined {
  return /^container:(.+)$/.exec(text)?.[1]
}

/** Converts `--log-driver` and `--log-opt`, which needs a driver: engines have different defaults. */
export function toLogDriver(name: string | undefined, texts: readonly string[] = []): LogDriver | undefined {
  const options = parseKeyValues(texts, { option: '--log-opt' })
  if (name !== undefined) return { name, ...(texts.length > 0 && { options }) }
  if (texts.length > 0) throw new CliError('--log-opt needs --log-driver')
  return undefined
}
