import type { AttachOptions, TerminalSize } from '@capstan/core'
import {
  createHostError,
  type InputPump,
  type Operation,
  type OperationNames,
  pumpInput,
  pumpOutput,
  untilAborted,
} from '@capstan/core/plugin'
import { isServiceGone, toErrorText } from '../apple-errors.js'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import type { ContainerSession } from '../sessions/container-session.js'
import { toExitCode } from './exit-code.js'
import { findContainer, toContainerState } from './queries/find-container.js'
import { killContainer, startContainer } from './start-container.js'

/** Attaches to the session of this process. The command cannot attach to a running container. */
export async function attach(
  context: AppleRuntimeContext,
  id: string,
  { call, options }: { readonly call: Operation; readonly options: AttachOptions },
): Promise<void> {
  const session = context.records.find(id)?.session
  if (session === undefined || session.ended !== undefined) {
    const found = await findContainer(context, id, call)
    const state = toContainerState(context, found)
    if (state !== 'running' || session !== undefined) throw createHostError('NOT_RUNNING', { id, state })
    throw createHostError('NOT_ATTACHABLE', { id, reason: context.findReason('foreignContainers.output') })
  }
  const { signal } = call
  if (options.initialSize !== undefined) session.resize(options.initialSize)
  const chunks = session.output.read({ from: 'now', signal, blocksWriter: true })
  const input = pumpStdin(session, options.stdin, call)
  try {
    await untilAborted(Promise.race([pumpOutput(chunks, options, call), ...failuresOf(input)]), signal)
  } finally {
    input?.stop()
  }
  const { failure } = await session.outcome
  if (failure !== undefined && isServiceGone(failure)) {
    throw context.toError({ exitCode: 1, stderr: toErrorText(failure) }, call)
  }
}

/** Starts a container and passes on its output from the first byte. An abort kills the container; `close` does not. */
export async function startAttached(
  context: AppleRuntimeContext,
  id: string,
  { call, options }: { readonly call: Operation; readonly options: AttachOptions },
): Promise<number> {
  const { signal } = call
  if (options.initialSize !== undefined) context.records.getOrAdd(id).terminalSize = options.initialSize
  let output: Promise<void> | undefined
  const inputs: InputPump[] = []
  const onSession = (session: ContainerSession) => {
    const chunks = session.output.read({ from: 'start', signal, blocksWriter: true })
    output = pumpOutput(chunks, options, call)
    output.catch(() => {}) // Awaited below, unless the start itself fails.
    const input = pumpStdin(session, options.stdin, call)
    if (input !== undefined) inputs.push(input)
  }
  try {
    const session = await startContainer(context, id, { call, onSession })
    if (session === undefined) {
      const reason = 'it is already running, and its earlier output would be missing'
      throw createHostError('NOT_ATTACHABLE', { id, reason })
    }
    // The container has started. Closing the runtime stops no container.
    const isClosed = () => signal.aborted && options.signal?.aborted !== true
    call.undo.clear()
    call.undo.add('run', async (own) => (isClosed() ? undefined : await killContainer(context, id, own.signal)))
    const ended = Promise.all([session.outcome, output])
    const [outcome] = await untilAborted(Promise.race([ended, ...failuresOf(inputs.at(-1))]), signal)
    return toExitCode(id, outcome)
  } finally {
    for (const input of inputs) input.stop()
  }
}

/** Resizes the terminal of a running container. Before the start the size is stored; without a terminal nothing happens. */
export async function resizeTerminal(
  context: AppleRuntimeContext,
  id: string,
  { size, call }: { readonly size: TerminalSize; readonly call: Operation },
): Promise<void> {
  const session = context.records.find(id)?.session
  if (session !== undefined && session.ended === undefined) return session.resize(size)
  const found = await findContainer(context, id, call)
  const state = toContainerState(context, found)
  if (state === 'running' && found.hasTerminal) {
    throw createHostError('NOT_ATTACHABLE', { id, reason: context.findReason('foreignContainers.output') })
  }
  context.records.getOrAdd(id).terminalSize = size
}

function pumpStdin(
  { stdin }: ContainerSession,
  source: AttachOptions['stdin'],
  call: OperationNames,
): InputPump | undefined {
  if (source === undefined || stdin === undefined) return undefined
  const input = pumpInput(source, stdin, call)
  input.failed.catch(() => stdin.end())
  return input
}

function failuresOf(input: InputPump | undefined): readonly Promise<never>[] {
  return input === undefined ? [] : [input.failed]
}
