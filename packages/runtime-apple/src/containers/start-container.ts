import { createHostError, createUndoStack, delay, type Operation } from '@capstan/core/plugin'
import { isAddressInUse, isNotRunningText, isServiceGone, toErrorText, toNotStartedCode } from '../apple-errors.js'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import { ContainerSession, type SessionOutcome } from '../sessions/container-session.js'
import { interactiveLabel, runCreate } from './create-container.js'
import { fillPorts, findTakenPort } from './free-ports.js'
import { findContainer, findContainerIfPresent, hasStopped, tryFindContainer } from './queries/find-container.js'
import type { AppleContainer } from './queries/parse-containers.js'

/**
 * Starts a container unless it is running. Resolves with the session of the start when the program runs or has ended, and
 * with `undefined` if the container was already running.
 */
export async function startContainer(
  context: AppleRuntimeContext,
  id: string,
  { call, onSession = () => {} }: StartOptions,
): Promise<ContainerSession | undefined> {
  const { records } = context
  const before = records.find(id)?.session
  const start = async () => {
    call.signal.throwIfAborted()
    // Another call of this runtime has started it meanwhile.
    const current = records.find(id)?.session
    if (current !== undefined && (current !== before || current.ended === undefined)) return undefined
    const found = await findContainer(context, id, call)
    if (found.state === 'running') return undefined
    const session = await openSession(context, found, { call, onSession, attemptsLeft: 3 })
    await records.find(id)?.afterStart?.(session, call)
    return session
  }
  return await records.runExclusive(id, start, call.signal)
}

/** The options of a start. */
export interface StartOptions {
  readonly call: Operation
  /** Called with each session as soon as it is open, before it is known whether the program runs. */
  readonly onSession?: ((session: ContainerSession) => void) | undefined
}

interface Start {
  readonly call: Operation
  readonly onSession: (session: ContainerSession) => void
  readonly attemptsLeft: number
}

async function openSession(
  context: AppleRuntimeContext,
  found: AppleContainer,
  start: Start,
): Promise<ContainerSession> {
  const { call, onSession, attemptsLeft } = start
  const { id, labels, hasTerminal } = found
  const known = context.records.getOrAdd(id)
  const isInteractive = labels[interactiveLabel] === 'true'
  call.undo.add('start', (own) => killContainer(context, id, own.signal))
  const terminal = hasTerminal ? { size: known.terminalSize } : undefined
  const session = await ContainerSession.open(context.cli, id, { isInteractive, terminal })
  context.records.addSession(id, session)
  onSession(session)
  const failure = await waitForStart(context, { found, session, call })
  if (failure === undefined) {
    known.hasRun = true
    known.plan = undefined
    return session
  }
  known.session = undefined
  if (!isAddressInUse(toErrorText(failure))) throw toStartError(context, found, failure, call)
  const { plan } = known
  const hasAutomaticPort = plan?.config.ports?.some(({ hostPort }) => hostPort === undefined) ?? false
  if (plan === undefined || !hasAutomaticPort || attemptsLeft === 1) throw await toPortError(found, failure)
  // Another process took a port that this runtime had chosen: the container is created again with another one.
  await context.run(['delete', '--force', id], { ...call, subject: id })
  const config = { ...plan.config, name: id }
  const ports = await fillPorts(config.ports ?? [])
  // A failed start keeps the new container, so its undo has no step that removes it. If the container cannot be created,
  // for example because its image was removed, it is lost.
  await runCreate(context, { ...plan, config, ports }, { ...call, undo: createUndoStack() })
  const { afterStart, terminalSize } = known
  Object.assign(context.records.getOrAdd(id), { afterStart, terminalSize })
  const retry = { ...start, attemptsLeft: attemptsLeft - 1 }
  return await openSession(context, await findContainer(context, id, call), retry)
}

interface Starting {
  readonly found: AppleContainer
  readonly session: ContainerSession
  readonly call: Operation
}

/** Resolves with the text of the failure, or with `undefined` when the program runs or has ended. */
async function waitForStart(context: AppleRuntimeContext, starting: Starting): Promise<string | undefined> {
  const { found, session, call } = starting
  // The service itself has no limit for a start.
  const { startMs: timeoutMs } = context.timeouts
  const limit = call.hasCallerSignal ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs
  const output = session.firstOutput.then(() => 'output' as const)
  for (let delayMs = 30; performance.now() < limit; delayMs = Math.min(delayMs * 2, 250)) {
    const event = await Promise.race([session.outcome, output, delay(delayMs, call).then(() => 'time' as const)])
    call.signal.throwIfAborted()
    if (event === 'output') return undefined
    if (event !== 'time') return await findStartFailure(context, starting, event)
    // A program with output has started, whatever happens to the query.
    const seen = await Promise.race([output, tryFindContainer(context, found.id, call)])
    if (seen === 'output' || (typeof seen === 'object' && seen.state === 'running')) return undefined
  }
  const facts = { operation: call.operation, phase: 'the start', timeoutMs, lastLines: [], option: 'timeouts.startMs' }
  throw createHostError('TIMED_OUT', facts)
}

/**
 * Distinguishes a failed start from a program that exits with 1 and prints text like that of the command: a program that ran has a
 * new start date. If the container is gone, only the text can tell.
 */
async function findStartFailure(
  context: AppleRuntimeContext,
  { found, call }: Starting,
  { failure }: SessionOutcome,
): Promise<string | undefined> {
  if (failure === undefined) return undefined
  const text = toErrorText(failure)
  const now = await findContainerIfPresent(context, found.id, call)
  if (now !== undefined) return hasStartedAgain(now.startedAt, found.startedAt) ? undefined : failure
  const isKnown =
    isServiceGone(text) ||
    isAddressInUse(text) ||
    isNotRunningText(text, found.id) ||
    toNotStartedCode(text) !== undefined
  return isKnown ? failure : undefined
}

function hasStartedAgain(startedAt: Date | undefined, before: Date | undefined): boolean {
  return startedAt !== undefined && startedAt.getTime() !== before?.getTime()
}

function toStartError(context: AppleRuntimeContext, found: AppleContainer, failure: string, call: Operation): Error {
  const exitCode = toNotStartedCode(toErrorText(failure))
  const { id, command } = found
  if (exitCode !== undefined) return createHostError('COMMAND_NOT_STARTED', { id, command, exitCode })
  return context.toError({ exitCode: 1, stderr: failure }, { ...call, subject: id })
}

async function toPortError({ ports, id }: AppleContainer, failure: string): Promise<Error> {
  const taken = (await findTakenPort(ports)) ?? ports[0]
  const subject = taken === undefined ? `a port of container "${id}"` : `port ${taken.hostPort} of ${taken.hostAddress}`
  return createHostError('IN_USE', { subject, users: [] }, { cause: new Error(toErrorText(failure)) })
}

/** Kills the container of a failed start. It may be starting or gone. Killing the command would not stop it. */
export async function killContainer(context: AppleRuntimeContext, id: string, signal: AbortSignal): Promise<void> {
  const session = context.records.find(id)?.session
  const call = { operation: 'stopContainer', subject: id, signal, timeoutMs: 20_000 }
  await context.cli.run(['kill', '--signal', 'KILL', id], call)
  session?.killCommand()
  await hasStopped(context, id, call)
}
