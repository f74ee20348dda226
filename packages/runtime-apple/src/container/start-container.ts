import { createHostError, delay, type FirewallRules, isHostError } from '@capstan/core'
import type { AppleCall, AppleConnection } from '../apple-connection.js'
import { isAddressInUse, isContainerLost, isServiceGone, toErrorText, toNotStartedCode } from '../apple-errors.js'
import { applyFirewall } from '../firewall/apply-firewall.js'
import type { AppleContainer } from '../output/containers.js'
import { ContainerSession, type SessionOutcome } from '../session/container-session.js'
import { interactiveLabel, makeContainer } from './create-container.js'
import { findContainer, findContainerOrGone, inspectBeside } from './find-container.js'
import { fillPorts, findTakenPort } from './free-ports.js'

/** Starts it, unless it runs. Resolves when it runs, or has run to its end, with the session that holds it. */
export async function startContainer(
  connection: AppleConnection,
  id: string,
  { call, onSession = () => {} }: StartOptions,
): Promise<ContainerSession | undefined> {
  const { kept } = connection
  const before = kept.find(id)?.session
  const start = async () => {
    call.signal.throwIfAborted()
    // Another call of this runtime was quicker.
    const current = kept.find(id)?.session
    if (current !== undefined && (current !== before || current.ended === undefined)) return undefined
    const found = await findContainer(connection, id, call)
    if (found.state === 'running') return undefined
    const session = await startAnew(connection, found, { call, onSession, attempts: 3 })
    const { firewall } = kept.require(id)
    if (firewall !== undefined) await restrict(connection, id, { session, firewall, call })
    return session
  }
  return await kept.startOne(id, start, call.signal)
}

export interface StartOptions {
  readonly call: AppleCall
  /** Hears of each session at once, before it is known whether the program runs. */
  readonly onSession?: ((session: ContainerSession) => void) | undefined
}

interface Restricting {
  readonly session: ContainerSession
  readonly firewall: FirewallRules
  readonly call: AppleCall
}

/** The rules are set inside the guest, so after its start. */
async function restrict(
  connection: AppleConnection,
  id: string,
  { session, firewall, call }: Restricting,
): Promise<void> {
  try {
    if (session.ended === undefined) return await applyFirewall(connection, id, firewall, call)
  } catch (error) {
    const isEnd = isHostError(error, 'NOT_RUNNING') || isHostError(error, 'CONTAINER_NOT_FOUND')
    if (!isEnd && !(isHostError(error, 'FIREWALL_FAILED') && error.facts.containment === 'unchanged')) throw error
    if (!isEnd && session.ended === undefined) throw error
  }
  const reason = 'its process ended before the rules were set'
  throw createHostError('FIREWALL_FAILED', { id, reason, containment: 'ended' })
}

interface Start {
  readonly call: AppleCall
  readonly onSession: (session: ContainerSession) => void
  readonly attempts: number
}

async function startAnew(connection: AppleConnection, found: AppleContainer, start: Start): Promise<ContainerSession> {
  const { call, onSession, attempts } = start
  const { id, labels, hasTerminal } = found
  const known = connection.kept.require(id)
  const isInteractive = labels[interactiveLabel] === 'true'
  call.undo.add('start', (own) => stopAtOnce(connection, id, own.signal))
  const terminal = hasTerminal ? { size: known.terminalSize } : undefined
  const session = await ContainerSession.open(connection.cli, id, { isInteractive, terminal })
  connection.kept.hold(id, session)
  onSession(session)
  const failure = await untilStarted(connection, { found, session, call })
  if (failure === undefined) {
    known.hasRun = true
    known.plan = undefined
    return session
  }
  known.session = undefined
  if (!isAddressInUse(toErrorText(failure))) throw toStartError(connection, found, failure, call)
  const { plan } = known
  const hasPicked = plan?.config.ports?.some(({ hostPort }) => hostPort === undefined) ?? false
  if (plan === undefined || !hasPicked || attempts === 1) throw await toPortError(found, failure)
  // The race for a port that this runtime picked was lost: the container is made once more, with another one.
  await connection.run(['delete', '--force', id], { ...call, subject: id })
  const { config, image } = plan
  const ports = await fillPorts(config.ports ?? [])
  await makeContainer(connection, { config: { ...config, name: id }, image, ports }, call)
  connection.kept.add(id, { config, image, ports })
  return await startAnew(connection, await findContainer(connection, id, call), { ...start, attempts: attempts - 1 })
}

interface Starting {
  readonly found: AppleContainer
  readonly session: ContainerSession
  readonly call: AppleCall
}

/** The text of the failure, or `undefined` when it runs or has run. */
async function untilStarted(connection: AppleConnection, starting: Starting): Promise<string | undefined> {
  const { found, session, call } = starting
  // The service itself has no limit for it.
  const { startMs: timeoutMs } = connection.timeouts
  const limit = call.isBounded ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs
  for (let delayMs = 30; performance.now() < limit; delayMs = Math.min(delayMs * 2, 250)) {
    const event = await Promise.race([
      session.outcome,
      session.firstOutput.then(() => 'output' as const),
      delay(delayMs, call).then(() => 'time' as const),
    ])
    call.signal.throwIfAborted()
    if (event === 'output') return undefined
    if (event !== 'time') return await toFailure(connection, starting, event)
    const seen = await inspectBeside(connection, found.id, call)
    if (typeof seen === 'object' && seen.state === 'running') return undefined
  }
  const facts = { operation: call.operation, phase: 'the start', timeoutMs, lastLines: [], option: 'timeouts.startMs' }
  throw createHostError('TIMED_OUT', facts)
}

/**
 * A program's own exit code 1 after words like those of the command is told from its failure by the date of the start;
 * where the container has gone with its end, by the words alone.
 */
async function toFailure(
  connection: AppleConnection,
  { found, call }: Starting,
  { failure }: SessionOutcome,
): Promise<string | undefined> {
  if (failure === undefined) return undefined
  const text = toErrorText(failure)
  const now = await findContainerOrGone(connection, found.id, call)
  if (now !== undefined) return isLater(now.startedAt, found.startedAt) ? undefined : failure
  const isKnown =
    isServiceGone(text) ||
    isAddressInUse(text) ||
    isContainerLost(text, found.id) ||
    toNotStartedCode(text) !== undefined
  return isKnown ? failure : undefined
}

function isLater(date: Date | undefined, before: Date | undefined): boolean {
  return date !== undefined && date.getTime() !== before?.getTime()
}

function toStartError(connection: AppleConnection, found: AppleContainer, failure: string, call: AppleCall): Error {
  const exitCode = toNotStartedCode(toErrorText(failure))
  const { id, command } = found
  if (exitCode !== undefined) return createHostError('COMMAND_NOT_STARTED', { id, command, exitCode })
  return connection.toError({ exitCode: 1, stderr: failure }, { ...call, subject: id })
}

async function toPortError({ ports, id }: AppleContainer, failure: string): Promise<Error> {
  const taken = (await findTakenPort(ports)) ?? ports[0]
  const subject = taken === undefined ? `a port of container "${id}"` : `port ${taken.hostPort} of ${taken.hostAddress}`
  return createHostError('IN_USE', { subject, users: [] }, { cause: new Error(toErrorText(failure)) })
}

/** For undoing: it may be on its way to run, or gone. A signal to the command line would not reach it. */
async function stopAtOnce(connection: AppleConnection, id: string, signal: AbortSignal): Promise<void> {
  const session = connection.kept.find(id)?.session
  const call = { operation: 'stopContainer', subject: id, signal, timeoutMs: 20_000 }
  await connection.cli.run(['kill', '--signal', 'KILL', id], call)
  session?.end()
}
