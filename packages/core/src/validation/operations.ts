import { posix } from 'node:path'
import type { AttachOptions, TerminalSize } from '../contract/container/attach.js'
import type {
  ContainerState,
  ListContainersOptions,
  RemoveOptions,
  StopOptions,
} from '../contract/container/container-info.js'
import type { LogOptions } from '../contract/container/logs.js'
import type { ContainerUpdate } from '../contract/managers/container-control.js'
import type { EventOptions } from '../contract/managers/event-stream.js'
import type { ExecOptions } from '../contract/managers/exec-manager.js'
import type { FirewallDestination, FirewallRules } from '../contract/managers/firewall-manager.js'
import type { BuildContext, BuildOptions } from '../contract/managers/image-builder.js'
import type { CreateVolumeOptions } from '../contract/managers/volume-manager.js'
import type { Argv, ListOptions } from '../contract/operation.js'
import type { HostAddressOptions } from '../contract/runtime.js'
import type { SweepOptions } from '../contract/sweep-report.js'
import { joinWords } from '../errors/message.js'
import {
  check,
  checkBoolean,
  checkEach,
  checkFunction,
  checkInteger,
  checkObject,
  checkOneOf,
  checkText,
} from './check.js'
import { checkRestartPolicy } from './container-settings.js'
import {
  checkAddress,
  checkCommand,
  checkContainerPath,
  checkCpus,
  checkHostName,
  checkPlatform,
  checkUser,
} from './fields.js'
import { checkFields } from './known-fields.js'
import {
  validateAppName,
  validateEnv,
  validateId,
  validateImageTag,
  validateLabels,
  validateName,
  validateStringMap,
} from './names.js'

/** Checks the options of `sweep`. */
export function validateSweepOptions(options: SweepOptions): void {
  checkFields('SweepOptions', options)
  const { app, dryRun } = options
  if (app !== undefined && app !== null) validateAppName(app)
  checkBoolean('dryRun', dryRun)
}

/** Checks the size of a terminal. */
export function validateTerminalSize(size: TerminalSize, field = 'size'): void {
  checkObject(field, size)
  checkFields('TerminalSize', size, field)
  const { height, width } = size
  checkInteger(`${field}.height`, height, { min: 1, max: 65_535 })
  checkInteger(`${field}.width`, width, { min: 1, max: 65_535 })
}

/** Checks the options of `attach` and `startAttached`, except that its streams are streams. */
export function validateAttachOptions(options: AttachOptions): void {
  checkFields('AttachOptions', options)
  if (options.initialSize !== undefined) validateTerminalSize(options.initialSize, 'initialSize')
}

/** Checks the options of `stopContainer`: `graceMs` is an integer from 0 to a day. */
export function validateStopOptions(options: StopOptions): void {
  checkFields('StopOptions', options)
  const { graceMs = 0 } = options
  checkInteger('graceMs', graceMs, { min: 0, max: 86_400_000 })
}

/** Checks the options of `removeContainer`. */
export function validateRemoveOptions(options: RemoveOptions): void {
  checkFields('RemoveOptions', options)
  checkBoolean('keepVolumes', options.keepVolumes)
}

/** Checks the options of the methods that list objects. Labels may be those of owners. */
export function validateListOptions(options: ListOptions): void {
  checkFields('ListOptions', options)
  checkListOptions(options)
}

/** Checks the values of the options that all lists have. */
export function checkListOptions(options: ListOptions): void {
  const { labels, labelKeys = [] } = options
  if (labels !== undefined) validateStringMap(labels, 'labels', { key: labelKey, expectedKey: labelKeyText })
  checkEach<unknown>('labelKeys', labelKeys, (field, key) => checkText(field, key, labelKey, labelKeyText))
}

/** Checks the options of `listContainers`. */
export function validateListContainersOptions(options: ListContainersOptions): void {
  checkFields('ListContainersOptions', options)
  checkListOptions(options)
  const { states = [] } = options
  checkEach<unknown>('states', states, (field, state) => checkOneOf(field, state, Object.keys(containerStates)))
}

/** Checks the settings of `updateContainer`: at least one. */
export function validateContainerUpdate(update: ContainerUpdate): void {
  checkObject('update', update)
  checkFields('ContainerUpdate', update, 'update')
  const given = Object.entries(update).filter(([, value]) => value !== undefined)
  check(given.length > 0, 'update', `at least one of ${joinWords(Object.keys(updateChecks))}`, update)
  // The field is one of `updateChecks`. Each check declares the type of its field and accepts a value of any type.
  for (const [field, value] of given) updateChecks[field as keyof ContainerUpdate](`update.${field}`, value as never)
}

/** Checks the options of `containerLogs`: at least one stream, and a valid time. */
export function validateLogOptions(options: LogOptions): void {
  checkFields('LogOptions', options)
  const { since, tailLines, follow, timestamps, stdout = true, stderr = true } = options
  if (since !== undefined) checkTime('since', since)
  for (const [field, value] of Object.entries({ follow, timestamps, stdout, stderr })) checkBoolean(field, value)
  if (tailLines !== undefined) checkInteger('tailLines', tailLines, { min: 0 })
  check(stdout || stderr, 'stdout', 'true when stderr is false', stdout)
}

function checkTime(field: string, time: unknown): void {
  if (time instanceof Date) {
    check(!Number.isNaN(time.getTime()), field, 'a valid date', String(time))
    return
  }
  checkText(field, time, rfc3339, timeText)
  check(!Number.isNaN(Date.parse(time)), field, timeText, time)
}

/** Checks the options of `events`: valid times, `until` not before `since`, and `labels` only with containers. */
export function validateEventOptions(options: EventOptions): void {
  checkFields('EventOptions', options)
  const { since, until, kinds, labels } = options
  if (since !== undefined) checkTime('since', since)
  if (until !== undefined) {
    checkTime('until', until)
    check(since === undefined || new Date(until) >= new Date(since), 'until', 'a time that is not before since', until)
  }
  if (kinds !== undefined) {
    checkEach('kinds', kinds, (field, kind) => checkOneOf(field, kind, ['container', 'image', 'network', 'volume']))
    check(kinds.length > 0, 'kinds', 'at least one kind', kinds)
  }
  if (labels === undefined) return
  validateStringMap(labels, 'labels', { key: /^[^=]+$/, expectedKey: 'a key without "="' })
  const hasContainers = kinds === undefined || kinds.includes('container')
  check(hasContainers || Object.keys(labels).length === 0, 'labels', 'absent when kinds has no "container"', labels)
}

/** Checks the command and the options of `exec`. */
export function validateExec(command: Argv, options: ExecOptions): void {
  checkCommand('command', command)
  check(command.length > 0 && command[0] !== '', 'command', 'a command and its arguments', command)
  checkFields('ExecOptions', options)
  const { env, user, workingDirectory, tty, stdin, privileged } = options
  if (env !== undefined) validateEnv(env)
  if (user !== undefined) checkUser('user', user)
  if (workingDirectory !== undefined) checkContainerPath('workingDirectory', workingDirectory)
  for (const [field, value] of Object.entries({ tty, stdin, privileged })) checkBoolean(field, value)
}

/** Checks a path in a container, of whose parts none is `..`, and returns it without superfluous slashes and dots. */
export function validateContainerPath(path: unknown, field = 'path'): string {
  checkContainerPath(field, path)
  check(!path.split('/').includes('..'), field, 'a path without ".."', path)
  return posix.normalize(path).replace(/(?<=.)\/$/, '')
}

/** Checks the archive of `putArchive`. */
export function validateArchive(tar: unknown, field = 'tar'): void {
  check(
    typeof tar === 'object' && tar !== null && Symbol.asyncIterator in tar,
    field,
    'a stream or an async iterable',
    tar,
  )
}

/** Checks the options of `getHostAddress`. */
export function validateHostAddressOptions(options: HostAddressOptions): void {
  checkFields('HostAddressOptions', options)
  if (options.networkId !== undefined) validateId(options.networkId, 'networkId')
}

/** Checks the name and the options of `createVolume`. */
export function validateVolume(name: string, options: CreateVolumeOptions): void {
  validateName(name)
  checkFields('CreateVolumeOptions', options)
  if (options.labels !== undefined) validateLabels(options.labels)
}

/** Checks the rules of `setupFirewall`. */
export function validateFirewallRules(rules: FirewallRules): void {
  checkObject('rules', rules)
  checkFields('FirewallRules', rules)
  const { proxyHost, proxyPort, allow = [], dns = 'none' } = rules
  checkHostName('proxyHost', proxyHost)
  checkInteger('proxyPort', proxyPort, { min: 1, max: 65_535 })
  checkEach('allow', allow, checkDestination)
  checkOneOf('dns', dns, ['none', 'engine'])
}

function checkDestination(field: string, destination: FirewallDestination): void {
  checkObject(field, destination)
  checkHostName(`${field}.host`, destination.host)
  checkInteger(`${field}.port`, destination.port, { min: 1, max: 65_535 })
}

/** Checks the arguments of `buildImage`, except the paths of its context, which are checked when they are read. */
export function validateBuild(dockerfile: unknown, tag: unknown, options: BuildOptions): void {
  check(
    typeof dockerfile === 'string' && dockerfile.trim() !== '',
    'dockerfile',
    'the text of a Dockerfile',
    dockerfile,
  )
  validateImageTag(tag)
  checkFields('BuildOptions', options)
  const { tags = [], context, buildArgs, labels, target, platform, noCache, pull, dns = [], onProgress } = options
  checkEach('tags', tags, (field, additional) => validateImageTag(additional, field))
  if (context !== undefined) checkContext(context)
  if (buildArgs !== undefined) {
    const expectedKey = 'a name without "=", spaces or a leading "-"'
    validateStringMap(buildArgs, 'buildArgs', { key: /^[^-=\s][^=\s]*$/, expectedKey })
  }
  if (labels !== undefined) validateLabels(labels)
  if (target !== undefined) checkText('target', target, /^[A-Za-z0-9][\w.-]*$/, 'the name or number of a stage')
  if (platform !== undefined) checkPlatform('platform', platform)
  for (const [field, value] of Object.entries({ noCache, pull })) checkBoolean(field, value)
  checkEach('dns', dns, checkAddress)
  checkFunction('onProgress', onProgress)
}

function checkContext(context: BuildContext): void {
  checkObject('context', context)
  if ('directory' in context) checkText('context.directory', context.directory, /./, 'the path of a directory')
  else checkObject('context.files', context.files)
}

const updateChecks: { readonly [K in keyof ContainerUpdate]-?: (field: string, value: never) => void } = {
  memoryBytes: (field, value) => checkInteger(field, value, { min: 1 }),
  cpus: checkCpus,
  pidsLimit: (field, value) => checkInteger(field, value, { min: 1 }),
  restartPolicy: (field, policy) => checkRestartPolicy(field, policy, {}),
}

// The type of the record makes a missing state a compile error.
const containerStates: Readonly<Record<ContainerState, true>> = {
  created: true,
  running: true,
  paused: true,
  restarting: true,
  stopping: true,
  exited: true,
  dead: true,
  unknown: true,
}

const labelKey = /^[^=]+$/
const labelKeyText = 'a key of a label, without "="'
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/
const timeText = 'a Date or an RFC 3339 time'
