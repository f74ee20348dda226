import {
  type Capability,
  type ContainerConfig,
  imageTransferCapability,
  networkManagerCapability,
  type Runtime,
  type RuntimeScope,
  requireCapabilities,
  toAskedFields,
  validateContainerConfig,
  withUndoFailures,
} from '@capstan/core'
import type { Call } from '../commands/command-line.js'
import type { RunOptions } from '../commands/run.js'
import type { Invocation } from '../invocation.js'
import { openRuntime } from '../open-host.js'
import { createPullDisplay } from '../render/pull-display.js'
import { writeOutput } from '../render/write-output.js'
import { requireTerminal } from '../terminal/require-terminal.js'
import { UsageError } from '../usage-error.js'
import { type AttachedRunOptions, runAttached } from './attached-run.js'
import { withNetworkIds } from './network-ids.js'
import { toGraceMs, toRunConfig } from './run-config.js'

/** Makes a container and runs it; ends with its exit code, or with its id when it is detached. */
export async function run({ invocation, operands, options }: Call<RunOptions>): Promise<number> {
  const [image = '', ...command] = operands
  const { interactive = false, tty = false, detach = false } = options
  const config = await toRunConfig({ image, command, options }, invocation.io)
  validateContainerConfig(config)
  const graceMs = toGraceMs(options)
  if (detach && options.buildkit) throw new UsageError('--buildkit ends with this command: leave out -d')
  if (!detach) requireTerminal(invocation.io.stdin, { interactive, tty })
  const buildkit = options.buildkit ? await import('../buildkit/shared-buildkit.js') : undefined
  const requires = [...toRequired(config, options), ...(buildkit?.needs ?? [])]
  // A runtime that refuses what is asked for is passed over where another would do it.
  await using opened = await openRuntime(invocation, { requires, keeps: toAskedFields(config) })
  const { runtime } = opened.scope
  // Given back after the container, which has its socket, is gone.
  await using shared = await buildkit?.shareBuildKit(opened.scope, invocation)
  const id = await create(opened.scope, shared?.connect(config) ?? config, { invocation, options })
  return detach
    ? await startDetached(runtime, id, invocation)
    : await startHere(runtime, id, { ...invocation, interactive, tty, graceMs, remove: options.rm === true })
}

async function create(
  scope: RuntimeScope,
  config: ContainerConfig,
  { invocation, options }: { readonly invocation: Invocation; readonly options: RunOptions },
): Promise<string> {
  const { io, interrupts } = invocation
  const display = createPullDisplay(io.stderr, config.image)
  const { signal } = interrupts
  const progress = { signal, onProgress: display.onProgress.bind(display) }
  try {
    if (options.pull === 'always') {
      const { images } = requireCapabilities(scope, { images: imageTransferCapability })
      await images.pullImage(config.image, { ...progress, ...(config.platform && { platform: config.platform }) })
    }
    return await scope.runtime.createContainer(await withNetworkIds(scope, config, { signal }), progress)
  } finally {
    display.clear()
  }
}

async function startDetached(runtime: Runtime, id: string, { io, interrupts }: Invocation): Promise<number> {
  try {
    await runtime.startContainer(id, interrupts)
  } catch (error) {
    // It never ran: nothing in it is worth keeping.
    throw await removeAfter(runtime, id, error)
  }
  await writeOutput(io.stdout, `${id}\n`)
  return 0
}

type Attached = AttachedRunOptions & { readonly remove: boolean }

async function startHere(runtime: Runtime, id: string, options: Attached): Promise<number> {
  try {
    const code = await runAttached(runtime, id, options)
    if (options.remove) await runtime.removeContainer(id)
    return code
  } catch (error) {
    throw options.remove || !(await hasRun(runtime, id)) ? await removeAfter(runtime, id, error) : error
  }
}

/** The error that led here, with what the removal met, if anything. */
async function removeAfter(runtime: Runtime, id: string, error: unknown): Promise<unknown> {
  try {
    await runtime.removeContainer(id)
    return error
  } catch (failure) {
    return withUndoFailures(error, [failure])
  }
}

/** Whether there may be something in it that was meant to be kept. */
async function hasRun(runtime: Runtime, id: string): Promise<boolean> {
  return await runtime.containerState(id).then(
    (state) => state !== 'created',
    () => true,
  )
}

function toRequired({ network }: ContainerConfig, { pull }: RunOptions): readonly Capability<object>[] {
  return [
    ...(network?.mode === 'networks' ? [networkManagerCapability] : []),
    ...(pull === 'always' ? [imageTransferCapability] : []),
  ]
}
