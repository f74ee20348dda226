import type { JobConfig } from '../contract/managers/job-manager.js'
import type {
  ConvergeOptions,
  CreateConfigOptions,
  CreateSecretOptions,
  ServiceChange,
  ServiceConfig,
  ServicePort,
  UpdatePolicy,
} from '../contract/managers/swarm-manager.js'
import {
  check,
  checkEach,
  checkFunction,
  checkInteger,
  checkObject,
  checkOneOf,
  checkSecret,
  checkText,
  checkTimeout,
  checkUnique,
} from './check.js'
import { validateJobConfig } from './job-config.js'
import { checkFields } from './known-fields.js'
import { validateLabels } from './names.js'

/**
 * Validates the config of a service and the options of `createService`. Every swarm manager must call it before any side effect.
 *
 * @throws HostError INVALID_ARGUMENT with the path of the field
 */
export function validateServiceConfig(config: ServiceConfig, options: ConvergeOptions = {}): void {
  checkObject('config', config)
  checkFields('ServiceConfig', config)
  checkServiceName('name', config.name)
  validateSettings(config)
  validateConvergeOptions(options)
}

/**
 * Validates a change of a service and the options of `updateService`: at least one setting, and no unknown one. `image` may be
 * absent.
 */
export function validateServiceChange(change: ServiceChange, options: ConvergeOptions = {}): void {
  checkObject('change', change)
  checkFields('ServiceChange', change)
  const given = Object.entries(change).filter(([, value]) => value !== undefined)
  check(given.length > 0, 'change', 'at least one setting', change)
  // Without an image, the check of the job needs another valid one. `replicas` has no default.
  validateSettings({ image: 'unchanged', replicas: 0, ...Object.fromEntries(given) })
  validateConvergeOptions(options)
}

/**
 * Validates that a change fits the endpoint settings that it keeps: a service with endpoint mode `dnsrr` has no ports of mode
 * `ingress`. Every swarm manager must call it with the current settings before it changes a service.
 *
 * @throws HostError INVALID_ARGUMENT with the path of the field in the change
 */
export function validateChangedEndpoint(change: ServiceChange, current: CurrentEndpoint): void {
  const { ports, endpointMode = current.endpointMode } = change
  if (ports !== undefined) {
    checkEndpoint(ports, endpointMode)
    return
  }
  const ingress = current.ports.find(({ mode }) => mode === 'ingress')
  const expected = `"vip", since port ${ingress?.containerPort} of the service has mode "ingress"`
  check(ingress === undefined || endpointMode === 'vip', 'endpointMode', expected, endpointMode)
}

/** The endpoint settings of a service before a change. */
export type CurrentEndpoint = Required<Pick<ServiceConfig, 'ports' | 'endpointMode'>>

/** Checks the name of a secret or a config, its value and its labels. */
export function validateStoredObject(kind: 'secret' | 'config', { name, value, options }: NewStoredObject): void {
  checkStoredName('name', name)
  const isValid = value instanceof Uint8Array && value.length > 0 && value.length < valueLimitBytes
  checkSecret(isValid, 'value', `a Uint8Array with 1 to ${valueLimitBytes - 1} bytes`, value)
  checkFields(kind === 'secret' ? 'CreateSecretOptions' : 'CreateConfigOptions', options)
  if (options.labels !== undefined) validateLabels(options.labels)
}

/** The arguments of `createSecret` and `createConfig`. */
export interface NewStoredObject {
  readonly name: string
  readonly value: Uint8Array
  readonly options: CreateSecretOptions | CreateConfigOptions
}

type Settings = Omit<ServiceConfig, 'name'>

function validateSettings(config: Settings & { readonly name?: string }): void {
  const { name: _name, replicas, ports = [], endpointMode = 'vip', stopGraceMs, update = {}, ...job } = config
  validateJobConfig(job satisfies JobConfig)
  if (replicas !== 'one-per-node') {
    const isValid = typeof replicas === 'number' && Number.isSafeInteger(replicas) && replicas >= 0
    check(isValid, 'replicas', 'an integer of at least 0, or "one-per-node"', replicas)
  }
  checkOneOf('endpointMode', endpointMode, ['vip', 'dnsrr'])
  checkEach('ports', ports, checkPort)
  checkUnique('ports', ports, ({ containerPort, protocol = 'tcp' }) => `${containerPort}/${protocol}`)
  // A swarm accepts a published port once for all modes.
  checkUnique('ports', ports, ({ containerPort, hostPort, protocol = 'tcp' }) =>
    hostPort === undefined ? `any to ${containerPort}/${protocol}` : `${hostPort}/${protocol}`,
  )
  checkEndpoint(ports, endpointMode)
  if (stopGraceMs !== undefined) checkInteger('stopGraceMs', stopGraceMs, { min: 0, max: longestMs })
  checkUpdatePolicy(update)
}

function checkEndpoint(ports: readonly ServicePort[], endpointMode: ServiceConfig['endpointMode']): void {
  const ingress = ports.findIndex(({ mode }) => mode === 'ingress')
  const isValid = ingress === -1 || endpointMode === 'vip'
  check(isValid, `ports[${ingress}].mode`, '"host" with endpointMode "dnsrr"', 'ingress')
}

function checkPort(field: string, port: ServicePort): void {
  checkObject(field, port)
  const { containerPort, hostPort, protocol = 'tcp', mode = 'host' } = port
  checkInteger(`${field}.containerPort`, containerPort, { min: 1, max: 65_535 })
  if (hostPort !== undefined) checkInteger(`${field}.hostPort`, hostPort, { min: 1, max: 65_535 })
  checkOneOf(`${field}.protocol`, protocol, ['tcp', 'udp'])
  checkOneOf(`${field}.mode`, mode, ['host', 'ingress'])
}

function checkUpdatePolicy(update: UpdatePolicy): void {
  checkObject('update', update)
  const { parallelism = 1, delayMs = 0, failureAction = 'rollback', monitorMs } = update
  checkInteger('update.parallelism', parallelism, { min: 0 })
  checkInteger('update.delayMs', delayMs, { min: 0, max: longestMs })
  checkOneOf('update.failureAction', failureAction, ['rollback', 'pause', 'continue'])
  if (monitorMs !== undefined) checkInteger('update.monitorMs', monitorMs, { min: 1, max: longestMs })
}

function validateConvergeOptions(options: ConvergeOptions): void {
  checkFields('ConvergeOptions', options)
  const { timeoutMs, onProgress } = options
  if (timeoutMs !== undefined) checkTimeout('timeoutMs', timeoutMs)
  checkFunction('onProgress', onProgress)
}

/** The names that a swarm accepts: https://github.com/moby/swarmkit/blob/master/manager/controlapi/common.go */
function checkServiceName(field: string, name: unknown): void {
  const expected = 'at most 63 letters, digits, "_" or "-", beginning and ending with a letter or digit'
  checkText(field, name, /^(?=.{1,63}$)[A-Za-z0-9](?:[\w-]*[A-Za-z0-9])?$/, expected)
}

/** The names of secrets and configs, from the same source. */
function checkStoredName(field: string, name: unknown): void {
  const expected = 'at most 64 letters, digits, "_", "." or "-", beginning and ending with a letter or digit'
  checkText(field, name, /^(?=.{1,64}$)[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/, expected)
}

/** A day. */
const longestMs = 86_400_000
/** Swarm stores secrets and configs of fewer bytes in its log: 500 KiB. */
const valueLimitBytes = 512_000
