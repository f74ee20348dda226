import { pipeline } from 'node:stream/promises'
import {
  type ExecOptions,
  type ExecProcess,
  execManagerCapability,
  requireCapabilities,
  validateExec,
} from '@capstan/core'
import type { Call } from '../commands/command-line.js'
import type { ExecCommandOptions } from '../commands/exec.js'
import { findContainer } from '../find-container.js'
import type { Io } from '../io.js'
import { openRuntime } from '../open-host.js'
import { withoutUndefined } from '../parse/without-undefined.js'
import type { Interruption } from '../terminal/interruption.js'
import type { Interrupts } from '../terminal/interrupts.js'
import { enterRawMode } from '../terminal/raw-mode.js'
import { requireTerminal } from '../terminal/require-terminal.js'
import { shareTerminalSize } from '../terminal/terminal-size.js'
import { readEnvironment } from './environment.js'

/** Runs a further command in a container, and ends with its exit code. */
export async function exec({ invocation, operands, options }: Call<ExecCommandOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const [reference = '', ...command] = operands
  const { interactive = false, tty = false } = options
  requireTerminal(io.stdin, { interactive, tty })
  const execOptions = await toExecOptions(options, io)
  validateExec(command, execOptions)
  await using opened = await openRuntime(invocation, { requires: [execManagerCapability] })
  const { execs } = requireCapabilities(opened.scope, { execs: execManagerCapability })
  const { id } = await findContainer(opened.scope.runtime, reference, { signal: interrupts.signal })
  await using child = await execs.exec(id, command, { ...execOptions, signal: interrupts.signal })
  return await join(child, { io, interrupts, interactive, tty })
}

interface JoinOptions {
  readonly io: Io
  readonly interrupts: Interrupts
  readonly interactive: boolean
  readonly tty: boolean
}

/** Connects the process to this terminal until it ends. */
async function join(child: ExecProcess, { io, interrupts, interactive, tty }: JoinOptions): Promise<number> {
  const { signal } = interrupts
  // Read below, unless what comes before it fails: then it is that failure which counts.
  child.exitCode.catch(() => undefined)
  using _terminal = interactive && tty ? enterRawMode(io) : undefined
  using _size = tty ? shareTerminalSize(io.stdout, (size) => child.resize(size, { signal })) : undefined
  using _interrupts = interrupts.hold((interruption, count) => void pass(child, interruption, { count, interrupts }))
  const input = interactive ? pipeline(io.stdin, child.stdin, { signal }) : undefined
  // A process that ended while it was written to is no failure: its exit code tells how it went.
  input?.catch(() => undefined)
  const outputs = [
    pipeline(child.stdout, io.stdout, { signal, end: false }),
    pipeline(child.stderr, io.stderr, { signal, end: false }),
  ]
  try {
    await Promise.all(outputs)
    return await child.exitCode
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/** Sends a signal on to the process; who asks twice, or where it cannot be reached, leaves. */
async function pass(
  child: ExecProcess,
  interruption: Interruption,
  { count, interrupts }: { readonly count: number; readonly interrupts: Interrupts },
): Promise<void> {
  const name = count > 1 ? 'SIGKILL' : interruption.signal
  const reached = await child.kill(name, interrupts).catch(() => false)
  if (!reached || count > 1 || interruption.signal === 'SIGPIPE') interrupts.leave(interruption)
}

async function toExecOptions(options: ExecCommandOptions, io: Io): Promise<ExecOptions> {
  const env = await readEnvironment(options, io)
  return withoutUndefined<ExecOptions>({
    env: Object.keys(env).length === 0 ? undefined : env,
    user: options.user,
    workingDirectory: options.workdir,
    tty: options.tty ?? false,
    stdin: options.interactive ?? false,
    privileged: options.privileged,
  })
}
