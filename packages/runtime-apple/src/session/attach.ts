import {
  type AttachOptions,
  createHostError,
  type InputPump,
  type OperationSubject,
  pumpInput,
  pumpOutput,
  untilAborted,
} from '@capstan/core'
import type { AppleCall, AppleConnection } from '../apple-connection.js'
import { isServiceGone, toErrorText } from '../apple-errors.js'
import { findContainer, toContainerState } from '../container/find-container.js'
import { startContainer } from '../container/start-container.js'
import { toExitCode } from '../container/wait-container.js'
import type { ContainerSession } from './container-session.js'

/** Joins the session that this process holds; the command line has no way into another one. */
export async function attach(
  connection: AppleConnection,
  id: string,
  { call, options }: { readonly call: AppleCall; readonly options: AttachOptions },
): Promise<void> {
  const session = connection.kept.find(id)?.session
  if (session === undefined || session.ended !== undefined) {
    const found = await findContainer(connection, id, call)
    const state = toContainerState(connection, found)
    if (state !== 'running' || session !== undefined) throw createHostError('NOT_RUNNING', { id, state })
    throw createHostError('NOT_ATTACHABLE', { id, reason: connection.reasonFor('foreignContainers.output') })
  }
  const { signal } = call
  if (options.initialSize !== undefined) session.resize(options.initialSize)
  const chunks = session.record.read({ from: 'now', signal, isPaced: true })
  const input = feed(session, options.stdin, call)
  try {
    await untilAborted(Promise.race([pumpOutput(chunks, options, call), ...failuresOf(input)]), signal)
  } finally {
    input?.stop()
  }
  const { failure } = await session.outcome
  if (failure !== undefined && isServiceGone(failure)) {
    throw connection.toError({ exitCode: 1, stderr: toErrorText(failure) }, call)
  }
}

/** Attached from the first byte on. An abort ends what it started. */
export async function startAttached(
  connection: AppleConnection,
  id: string,
  { call, options }: { readonly call: AppleCall; readonly options: AttachOptions },
): Promise<number> {
  const { signal } = call
  if (options.initialSize !== undefined) connection.kept.require(id).terminalSize = options.initialSize
  let delivered: Promise<void> | undefined
  const inputs: InputPump[] = []
  const onSession = (session: ContainerSession) => {
    const chunks = session.record.read({ from: 'start', signal, isPaced: true })
    delivered = pumpOutput(chunks, options, call)
    delivered.catch(() => {}) // Awaited below, unless the start itself fails.
    const input = feed(session, options.stdin, call)
    if (input !== undefined) inputs.push(input)
  }
  try {
    const session = await startContainer(connection, id, { call, onSession })
    if (session === undefined) {
      throw createHostError('NOT_ATTACHABLE', { id, reason: 'it runs already: its output so far would be missing' })
    }
    const ended = Promise.all([session.outcome, delivered])
    const [outcome] = await untilAborted(Promise.race([ended, ...failuresOf(inputs.at(-1))]), signal)
    return toExitCode(id, outcome)
  } finally {
    for (const input of inputs) input.stop()
  }
}

function feed(
  { stdin }: ContainerSession,
  source: AttachOptions['stdin'],
  call: OperationSubject,
): InputPump | undefined {
  if (source === undefined || stdin === undefined) return undefined
  const input = pumpInput(source, stdin, call)
  input.failed.catch(() => stdin.end())
  return input
}

function failuresOf(input: InputPump | undefined): readonly Promise<never>[] {
  return input === undefined ? [] : [input.failed]
}
