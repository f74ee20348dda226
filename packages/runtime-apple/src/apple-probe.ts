import {
  createHostError,
  linkSignals,
  type ProbeAttempt,
  type ProbeOptions,
  type ProbeResult,
  type ProbeStep,
  startDeadline,
} from '@capstan/core'
import type { AppleDetails } from './apple-details.js'
import type { ApplePluginOptions } from './apple-plugin-options.js'
import { AppleCli } from './cli/apple-cli.js'
import { askCommand, type Reached } from './probe/ask-command.js'
import { FailedProbe } from './probe/failed-probe.js'
import { findCommand } from './probe/find-command.js'

/**
 * Looks for the command, the service behind it, and what the two can do; asks them, and compares no versions.
 *
 * On another machine than a Mac with Apple silicon it answers at once, and starts no process.
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
  const toAttempt = (step: ProbeStep, code: string, message: string, remedy: string): ProbeAttempt => {
    return {
      candidate: name,
      source: chosen ? 'applePlugin({ command })' : 'PATH',
      step,
      cause: { code, message },
      remedy,
    }
  }
  const unfit = findUnfit(platform)
  if (unfit !== undefined) return { available: false, chosen, attempts: [toAttempt('find', ...unfit)] }
  const command = await findCommand(name, env.PATH)
  if (command === undefined) {
    const attempt = toAttempt('find', 'ENOENT', `there is no command "${name}"`, install)
    return { available: false, chosen, attempts: [attempt] }
  }
  const { clear, ...limit } = startLimit(probing)
  const reached: Reached = { step: 'version' }
  try {
    const found = await askCommand(new AppleCli(command, env), options, { ...limit, reached })
    return { available: true, attempts: [], ...found }
  } catch (error) {
    signal?.throwIfAborted()
    const { step, code, message, remedy } = FailedProbe.from(error, reached)
    return { available: false, chosen, attempts: [toAttempt(step, code, message, remedy)] }
  } finally {
    clear()
  }
}

/** For all that is asked together. */
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

function findUnfit({
  os,
  arch,
}: {
  readonly os: string
  readonly arch: string
}): readonly [string, string, string] | undefined {
  if (os !== 'darwin')
    return ['NOT_MACOS', `Apple's container needs macOS, and this is ${os}`, 'use another runtime here']
  if (arch === 'arm64') return undefined
  return [
    'NOT_APPLE_SILICON',
    "Apple's container needs Apple silicon, and this is an Intel processor",
    'use another runtime here',
  ]
}

const install = 'install it from https://github.com/apple/container/releases'
/** Where neither the host nor the plugin sets one. */
const defaultTimeoutMs = 30_000
