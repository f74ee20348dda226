import { pipeline } from 'node:stream/promises'
import { type ExecOptions, type ExecProcess, execManagerCapability } from '@capstan/core'
import { validateExec } from '@capstan/core/plugin'
import type { Command } from 'commander'
import type { Interruption } from '../errors/interruption.js'
import { findContainer } from '../host/find-container.js'
import type { Invocation } from '../host/invocation.js'
import { type OpenedRuntime, openRuntime } from '../host/open-host.js'
import { collect, toExamples } from '../options/command-definition.js'
import { detachKeysText, parseDetachKeys } from '../options/detach-keys.js'
import { readEnvironment } from '../options/environment.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { DetachableInput, untilDetached } from '../terminal/detachable-input.js'
import type { Interrupts } from '../terminal/interrupts.js'
import type { Io } from '../terminal/io.js'
import { enterRawMode } from '../terminal/raw-mode.js'
import { requireTerminal } from '../terminal/require-terminal.js'
import { syncTerminalSize } from '../terminal/terminal-size.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan exec`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Runs a command in a running container and exits with its exit code.')
    .argument('<container>', 'ID, prefix of an ID, or name')
    .argument('<command...>', 'Command and arguments, passed unchanged')
    .helpOption('--help', 'Show this help')
    .passThroughOptions()
    .option('-i, --interactive', 'Pass stdin to the command')
    .option('-t, --tty', 'Allocate a pseudo-TTY')
    .option(
      '-e, --env <key[=value]>',
      'Set a variable; KEY alone copies it from this environment, or unsets that of the container (repeatable)',
      collect,
    )
    .option('--env-file <file>', 'Read environment variables from a file of KEY=VALUE lines (repeatable)', collect)
    .option('-w, --workdir <path>', 'Set the working directory in the container')
    .option('-u, --user <user[:group]>', 'Run the command as this user and group')
    .option('--privileged', 'Give extended privileges to the command')
    .option('--detach-keys <keys>', detachKeysText)
    .addHelpText(
      'after',
      toExamples({
        'capstan exec web ps': 'List the processes of container "web"',
        'capstan exec -it web sh': 'Open a shell in it',
      }),
    )
  setAction<ExecCommandOptions>(command, exec)
}

/** The options of `capstan exec`, as commander parses them. */
export interface ExecCommandOptions {
  readonly interactive?: boolean
  readonly tty?: boolean
  readonly env?: readonly string[]
  readonly envFile?: readonly string[]
  readonly workdir?: string
  readonly user?: string
  readonly privileged?: boolean
  readonly detachKeys?: string
}

async function exec({ invocation, operands, options }: Call<ExecCommandOptions>): Promise<number> {
  const [reference = '', ...command] = operands
  const { signal } = invocation.interrupts
  return await runExec({ invocation, command, options }, async ({ scope }) => {
    return (await findContainer(scope.runtime, reference, { signal })).id
  })
}

/** Opens a runtime, and runs a command in the container that `findId` finds. Resolves with the exit status. */
export async function runExec(
  { invocation, command, options }: ExecRequest,
  findId: (opened: OpenedRuntime) => Promise<string>,
): Promise<number> {
  const { io, interrupts } = invocation
  const { interactive = false, tty = false } = options
  requireTerminal(io.stdin, { interactive, tty })
  const execOptions = await toExecOptions(options, io)
  validateExec(command, execOptions)
  const detachKeys = parseDetachKeys(options.detachKeys)
  await using opened = await openRuntime(invocation, { requires: [execManagerCapability] })
  const execs = await opened.require(execManagerCapability)
  const id = await findId(opened)
  await using child = await execs.exec(id, command, { ...execOptions, signal: interrupts.signal })
  return await connect(child, { io, interrupts, interactive, tty, detachKeys })
}

interface ExecRequest extends Pick<Call<ExecCommandOptions>, 'invocation' | 'options'> {
  readonly command: readonly string[]
}

interface ConnectOptions extends Pick<Invocation, 'io' | 'interrupts'> {
  readonly interactive: boolean
  readonly tty: boolean
  readonly detachKeys: Uint8Array
}

/** Connects the process to this terminal, and resolves with its exit code; with 0 when the user has typed the detach keys. */
async function connect(child: ExecProcess, options: ConnectOptions): Promise<number> {
  const { io, interrupts, interactive, tty, detachKeys } = options
  const { signal } = interrupts
  // `exitCode` is awaited below. If an earlier step fails, that failure is reported instead.
  child.exitCode.catch(() => undefined)
  using _terminal = interactive && tty ? enterRawMode(io) : undefined
  using _size = tty ? syncTerminalSize(io.stdout, (size) => child.resize(size, { signal })) : undefined
  using _interrupts = interrupts.handle(
    (interruption, count) => void forwardSignal(child, interruption, { count, interrupts }),
  )
  using terminalInput = interactive && tty ? new DetachableInput(io.stdin, detachKeys) : undefined
  const input = interactive ? pipeline(terminalInput ?? io.stdin, child.stdin, { signal }) : undefined
  // Writing to a process that has exited is not a failure: its exit code is the result.
  input?.catch(() => undefined)
  const outputs = [
    pipeline(child.stdout, io.stdout, { signal, end: false }),
    pipeline(child.stderr, io.stderr, { signal, end: false }),
  ]
  const end = Promise.all(outputs).then(() => child.exitCode)
  try {
    const code = await untilDetached(end, terminalInput)
    if (code === 'detached') io.stderr.write('\r\nDetached; the command continues to run\r\n')
    return code === 'detached' ? 0 : code
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/**
 * Forwards a signal to the process; the second one as SIGKILL. Then aborts the command if it was the second one, if stdout was
 * closed, or if the signal could not be sent.
 */
async function forwardSignal(
  child: ExecProcess,
  interruption: Interruption,
  { count, interrupts }: { readonly count: number; readonly interrupts: Interrupts },
): Promise<void> {
  const name = count > 1 ? 'SIGKILL' : interruption.signal
  const isSent = await child.kill(name, interrupts).catch(() => false)
  if (!isSent || count > 1 || interruption.signal === 'SIGPIPE') interrupts.abort(interruption)
}

async function toExecOptions(options: ExecCommandOptions, io: Io): Promise<ExecOptions> {
  const env = await readEnvironment(options, io)
  return omitUndefined<ExecOptions>({
    env: Object.keys(env).length === 0 ? undefined : env,
    user: options.user,
    workingDirectory: options.workdir,
    tty: options.tty ?? false,
    stdin: options.interactive ?? false,
    privileged: options.privileged,
  })
}
