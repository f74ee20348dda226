import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { createHostError, linkSignals, type ProbeOptions, type ProbeResult, startDeadline } from '@capstan/core/plugin'
import type { AppleDetails } from './apple-details.js'
import type { ApplePluginOptions } from './apple-plugin-options.js'
import { AppleCli } from './cli/apple-cli.js'
import { examineCommand, type Reached } from './probe/examine-command.js'
import { type ProbeFailure, toProbeFailure } from './probe/probe-failure.js'

/**
 * Looks for the command and its service. The report follows from the commands and options that the help of the command lists;
 * only `network.none` depends on the version, because no help lists it.
 *
 * On any machine but a Mac with Apple silicon it answers at once and starts no process.
 */
export async function probeApple(
  options: ApplePluginOptions,
  probing: ProbeOptions,
): Promise<ProbeResult<AppleDetails>> {
  const { signal, env } = probing
  signal?.throwIfAborted()
  const { command: given, platform = { os: process.platform, arch: process.arch } } = options
  const chosen = given !== undefined
  const name = given ?? 'container'
  const source = chosen ? 'applePlugin({ command })' : 'PATH'
  const toUnavailable = (failure: ProbeFailure): ProbeResult<AppleDetails> => {
    return { available: false, chosen, attempts: [{ candidate: name, source, ...failure }] }
  }
  const problem = findPlatformProblem(platform)
  if (problem !== undefined) return toUnavailable(problem)
  const command = await findCommand(name, env.PATH)
  if (command === undefined) {
    const cause = { code: 'ENOENT', message: `there is no command "${name}"` }
    return toUnavailable({ step: 'find', cause, remedy: install })
  }
  const { clear, ...limit } = startLimit(probing)
  const reached: Reached = { step: 'version' }
  try {
    const found = await examineCommand(new AppleCli(command, env), options, { ...limit, reached })
    return { available: true, attempts: [], ...found }
  } catch (error) {
    signal?.throwIfAborted()
    return toUnavailable(toProbeFailure(error, reached.step))
  } finally {
    clear()
  }
}

/** One limit for all runs of the command together. */
function startLimit({ signal, timeoutMs = defaultTimeoutMs }: ProbeOptions) {
  const link = linkSignals([signal])
  const facts = { operation: 'probe', phase: undefined, timeoutMs, lastLines: [] }
  const deadline = startDeadline(timeoutMs, () => link.abort(createHostError('TIMED_OUT', facts)))
  const clear = () => {
    deadline.clear()
    link.unlink()
  }
  return { signal: link.signal, timeoutMs, clear }
}

function findPlatformProblem({ os, arch }: Required<ApplePluginOptions>['platform']): ProbeFailure | undefined {
  const isMac = os === 'darwin'
  if (isMac && arch === 'arm64') return undefined
  const cause = isMac
    ? { code: 'NOT_APPLE_SILICON', message: "Apple's container needs Apple silicon, and this is an Intel processor" }
    : { code: 'NOT_MACOS', message: `Apple's container needs macOS, and this is ${os}` }
  return { step: 'find', cause, remedy: 'use another runtime here' }
}

/** Finds an executable by its path, or by its name in the folders of PATH. `undefined` if there is none. */
async function findCommand(name: string, path: string | undefined): Promise<string | undefined> {
  const isPath = isAbsolute(name) || name.includes('/')
  const folders = (path ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const candidate of isPath ? [resolve(name)] : folders.map((folder) => join(folder, name))) {
    if (await isExecutable(candidate)) return candidate
  }
  return undefined
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

const install = 'install it from https://github.com/apple/container/releases'
/** Used if neither the host nor the plugin sets a limit. */
const defaultTimeoutMs = 30_000
