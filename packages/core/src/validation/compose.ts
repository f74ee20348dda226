import { isAbsolute } from 'node:path'
import type { ComposeDownOptions, ComposeSource, ComposeUpOptions } from '../contract/managers/compose-manager.js'
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
  checkTimeout,
  checkUnique,
} from './check.js'
import { checkFields } from './known-fields.js'
import { validateLabels, validateStringMap } from './names.js'

/** Checks the name of a Compose project. */
export function validateProjectName(name: unknown, field = 'project'): void {
  checkText(
    field,
    name,
    /^[a-z0-9][a-z0-9_-]{0,62}$/,
    'at most 63 lower-case letters, digits, "-" or "_", beginning with a letter or digit',
  )
}

/** Checks the source of a Compose project, without reading its files. */
export function validateComposeSource(source: ComposeSource): void {
  checkObject('source', source)
  checkFields('ComposeSource', source, 'source')
  const { name, files, content, directory, profiles = [], envFiles = [], env } = source
  validateProjectName(name, 'source.name')
  check((files === undefined) !== (content === undefined), 'source', 'an object with either files or content', source)
  if (files !== undefined) {
    checkEach<unknown>('source.files', files, checkPath)
    check(files.length > 0, 'source.files', 'at least one path', files)
  }
  if (content !== undefined) checkContent(content)
  if (directory !== undefined) checkPath('source.directory', directory)
  checkEach<unknown>('source.envFiles', envFiles, checkPath)
  checkEach<unknown>('source.profiles', profiles, (field, profile) => {
    checkText(field, profile, /^(\*|[A-Za-z0-9][A-Za-z0-9_.-]*)$/, 'the name of a profile, or "*"')
  })
  if (env === undefined) return
  const rule = { key: /^[^-=\s][^=\s]*$/, expectedKey: 'a name without "=", spaces or a leading "-"' }
  validateStringMap(env, 'source.env', rule)
}

/** Checks the options of `up`. Whether the project has the services is known only when its files are read. */
export function validateComposeUpOptions(options: ComposeUpOptions): void {
  checkFields('ComposeUpOptions', options)
  const { services = [], jobs = [], dependencies, scale = {}, recreate, removeOrphans, until, graceMs = 0 } = options
  const { build, pull, labels, readyTimeoutMs, onProgress } = options
  for (const [field, names] of Object.entries({ services, jobs })) {
    checkEach<unknown>(field, names, checkServiceName)
    checkUnique<unknown>(field, names, String)
  }
  check(options.services?.length !== 0, 'services', 'absent, or at least one service', services)
  checkBoolean('dependencies', dependencies)
  const isAll = dependencies === false && options.services === undefined
  check(!isAll, 'dependencies', 'true, or false with services', dependencies)
  checkObject('scale', scale)
  for (const [name, count] of Object.entries(scale))
    checkInteger(`scale[${JSON.stringify(name)}]`, count, { min: 0, max: 10_000 })
  if (recreate !== undefined) checkOneOf('recreate', recreate, ['changed', 'always', 'never'])
  checkBoolean('removeOrphans', removeOrphans)
  if (until !== undefined) checkOneOf('until', until, ['started', 'ready'])
  check(until !== 'started' || jobs.length === 0, 'jobs', 'none with until: "started"', jobs)
  checkGrace(graceMs)
  checkBoolean('build', build)
  if (pull !== undefined) checkOneOf('pull', pull, ['missing', 'always', 'never'])
  if (labels !== undefined) validateLabels(labels)
  if (readyTimeoutMs !== undefined) checkTimeout('readyTimeoutMs', readyTimeoutMs)
  checkFunction('onProgress', onProgress)
}

/**
 * Checks `scale` of `up` with the services that it starts: every name is that of one of them, and a service whose container has a
 * name in the files has at most one.
 */
export function validateScale(scale: ReadonlyMap<string, number>, started: readonly ScaledService[]): void {
  const names = started.map(({ name }) => name)
  for (const [name, count] of scale) {
    const field = `scale[${JSON.stringify(name)}]`
    const service = started.find((each) => each.name === name)
    check(service !== undefined, field, `the name of a service that is started: ${joinWords(names, 'or')}`, name)
    const isSeveral = service.containerName !== undefined && count > 1
    check(!isSeveral, field, 'at most 1, because the files name the container', count)
  }
}

export interface ScaledService {
  readonly name: string
  /** The name of its container in the files. */
  readonly containerName: string | undefined
}

/** Checks the options of `down`. */
export function validateComposeDownOptions(options: ComposeDownOptions): void {
  checkFields('ComposeDownOptions', options)
  const { volumes, graceMs = 0 } = options
  checkBoolean('volumes', volumes)
  checkGrace(graceMs)
}

function checkGrace(graceMs: unknown): void {
  checkInteger('graceMs', graceMs, { min: 0, max: 86_400_000 })
}

function checkPath(field: string, path: unknown): void {
  checkText(field, path, /./, 'an absolute path')
  check(isAbsolute(path), field, 'an absolute path', path)
}

function checkContent(content: unknown): void {
  const isText = typeof content === 'string' && content.trim() !== '' && !content.includes('\0')
  check(isText, 'source.content', 'the text of a Compose file', content)
}

function checkServiceName(field: string, name: unknown): void {
  checkText(field, name, /^[A-Za-z0-9._][A-Za-z0-9._-]*$/, 'the name of a service')
}
