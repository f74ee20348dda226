import type { Command } from 'commander'
import { CliError } from '../errors/cli-error.js'
import { findContainer } from '../host/find-container.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { detachKeysText, parseDetachKeys } from '../options/detach-keys.js'
import { requireTerminal } from '../terminal/require-terminal.js'
import { attachSession } from './attach-session.js'
import type { Call, SetAction } from './command.js'
import { forEachContainer } from './for-each-container.js'

/** Defines `capstan start`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Starts stopped containers. A running container is left unchanged.')
    .argument('<container...>', 'ID, prefix of an ID, or name')
    .option('-a, --attach', 'Show the output of one container, and exit with its exit code')
    .option('-i, --interactive', 'Also pass stdin to one container')
    .option('--sig-proxy', 'Send signals to the container when it is attached', true)
    .option('--detach-keys <keys>', detachKeysText)
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan start -ai shell': 'Start container "shell" in this terminal' }))
  setAction<StartOptions>(command, start)
}

interface StartOptions {
  readonly attach?: boolean
  readonly interactive?: boolean
  readonly sigProxy: boolean
  readonly detachKeys?: string
  readonly json?: boolean
}

async function start(call: Call<StartOptions>): Promise<number> {
  const { attach = false, interactive = false } = call.options
  if (attach || interactive) return await startAttached(call)
  const { signal } = call.invocation.interrupts
  return await forEachContainer(call, ({ runtime }, { id }) => runtime.startContainer(id, { signal }))
}

async function startAttached({ invocation, operands, options }: Call<StartOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const [reference = '', ...others] = operands
  if (others.length > 0 || options.json) {
    throw new CliError(`${others.length > 0 ? 'several containers' : '--json'} cannot be used with -a or -i`)
  }
  const detachKeys = parseDetachKeys(options.detachKeys)
  await using opened = await openRuntime(invocation)
  const { scope } = opened
  const { id } = await findContainer(scope.runtime, reference, { signal })
  const { interactive = false, tty = false } = await scope.runtime.inspectContainer(id, { signal })
  const hasStdin = options.interactive === true && interactive
  requireTerminal(io.stdin, { interactive: hasStdin, tty })
  return await attachSession(scope, id, {
    ...{ invocation, hasStdin, tty, proxiesSignals: options.sigProxy, detachKeys },
    connect: (streams) => scope.runtime.startAttached(id, streams),
  })
}
