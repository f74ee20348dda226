import type { TerminalSize } from '../container/attach.js'
import type { StopOptions } from '../container/container-info.js'
import type { LogOptions } from '../container/logs.js'
import type { FirewallRules } from '../firewall.js'
import type { BuildOptions } from '../image/build.js'
import type { ExecOptions } from '../managers/exec-manager.js'
import type { Argv } from '../operation.js'
import { check, checkBoolean, checkInteger, checkList, checkText } from './check.js'
import { checkAddress, checkCommand, checkHostName, checkPath, checkPlatform, checkUser } from './fields.js'
import { validateEnv, validateImageReference, validateLabels, validateStringMap } from './names.js'

/** Cells, 1…65535 each. */
export function validateTerminalSize({ height, width }: TerminalSize, field = 'size'): void {
  checkInteger(`${field}.height`, height, { least: 1, most: 65_535 })
  checkInteger(`${field}.width`, width, { least: 1, most: 65_535 })
}

export function validateStopOptions({ graceMs = 0 }: StopOptions): void {
  checkInteger('graceMs', graceMs, { least: 0, most: 86_400_000 })
}

export function validateLogOptions({ since, tailLines, stdout = true, stderr = true }: LogOptions): void {
  if (since instanceof Date) check(!Number.isNaN(since.getTime()), 'since', 'a valid date', String(since))
  else if (since !== undefined) checkText('since', since, rfc3339, 'a Date or an RFC 3339 time')
  if (tailLines !== undefined) checkInteger('tailLines', tailLines, { least: 0 })
  check(stdout || stderr, 'stdout', 'true when stderr is false', stdout)
}

export function validateExec(
  command: Argv,
  { env, user, workingDirectory, tty, stdin, privileged }: ExecOptions,
): void {
  checkCommand('command', command)
  check(command.length > 0 && command[0] !== '', 'command', 'a command and its arguments', command)
  if (env !== undefined) validateEnv(env)
  if (user !== undefined) checkUser('user', user)
  if (workingDirectory !== undefined) checkPath('workingDirectory', workingDirectory)
  for (const [field, value] of Object.entries({ tty, stdin, privileged })) checkBoolean(field, value)
}

export function validateFirewallRules({ proxyHost, proxyPort, allow = [], dns = 'none' }: FirewallRules): void {
  checkHostName('proxyHost', proxyHost)
  checkInteger('proxyPort', proxyPort, { least: 1, most: 65_535 })
  checkList('allow', allow)
  for (const [index, { host, port }] of allow.entries()) {
    checkHostName(`allow[${index}].host`, host)
    checkInteger(`allow[${index}].port`, port, { least: 1, most: 65_535 })
  }
  check(dns === 'none' || dns === 'engine', 'dns', '"none" or "engine"', dns)
}

/** What `buildImage` takes; the context's own paths are checked where they are read. */
export function validateBuild(dockerfile: unknown, tag: unknown, options: BuildOptions): void {
  check(
    typeof dockerfile === 'string' && dockerfile.trim() !== '',
    'dockerfile',
    'the text of a Dockerfile',
    dockerfile,
  )
  validateImageReference(tag, 'tag')
  const { buildArgs, labels, target, platform, dns = [] } = options
  if (buildArgs !== undefined) {
    validateStringMap(buildArgs, 'buildArgs', { key: /^[^-=\s][^=\s]*$/, expectedKey: 'a name without "=" or spaces' })
  }
  if (labels !== undefined) validateLabels(labels)
  if (target !== undefined) checkText('target', target, /^[A-Za-z0-9][\w.-]*$/, 'the name or number of a stage')
  if (platform !== undefined) checkPlatform('platform', platform)
  checkList('dns', dns)
  for (const [index, address] of dns.entries()) checkAddress(`dns[${index}]`, address)
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/
