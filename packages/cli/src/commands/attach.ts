import type { Command } from 'commander'
import { findContainer } from '../host/find-container.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { detachKeysText, parseDetachKeys } from '../options/detach-keys.js'
import { requireTerminal } from '../terminal/require-terminal.js'
import { attachSession } from './attach-session.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan attach`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Attaches this terminal to a running container and exits with its exit code. Signals such as Ctrl-C are sent to the ' +
        'container; the third one detaches.',
    )
    .argument('<container>', 'ID, prefix of an ID, or name')
    .option('--no-stdin', 'Do not pass stdin to the container')
    .option('--sig-proxy', 'Send signals to the container', true)
    .option('--detach-keys <keys>', detachKeysText)
    .addHelpText('after', toExamples({ 'capstan attach web': 'Show the output of container "web" from now on' }))
  setAction<AttachCommandOptions>(command, attach)
}

interface AttachCommandOptions {
  readonly stdin: boolean
  readonly sigProxy: boolean
  readonly detachKeys?: string
}

async function attach({ invocation, operands, options }: Call<AttachCommandOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const detachKeys = parseDetachKeys(options.detachKeys)
  await using opened = await openRuntime(invocation)
  const { scope } = opened
  const { runtime } = scope
  const { id } = await findContainer(runtime, operands[0] ?? '', { signal })
  const { interactive = false, tty = false } = await runtime.inspectContainer(id, { signal })
  const hasStdin = options.stdin && interactive
  requireTerminal(io.stdin, { interactive: hasStdin, tty })
  return await attachSession(scope, id, {
    ...{ invocation, hasStdin, tty, proxiesSignals: options.sigProxy, detachKeys },
    connect: async (streams) => {
      // The wait begins before the container can exit.
      const exit = runtime.waitContainer(id, { signal })
      exit.catch(() => undefined)
      await runtime.attach(id, streams)
      return await exit
    },
  })
}
