import { isHostError } from '@capstan/core'
import { createHostError, type HostErrorFacts } from '@capstan/core/plugin'
import { AnswerFormatError } from './answer-format-error.js'
import type { EngineCall } from './docker-engine.js'
import { findBadField, texts } from './docker-error-texts.js'
import { EngineAnswerError } from './engine-answer-error.js'

/**
 * What the caller gets for whatever went wrong: the one translation of this package.
 *
 * The reason of the call's own signal comes before all else; a HostError stays as it is. What an engine's answer does
 * not tell (whose the holder of a name is, who uses a thing) is left open here: see `facts` of NAME_CONFLICT, IN_USE.
 */
export function toHostError(cause: unknown, context: ErrorContext): unknown {
  if (context.signal?.aborted) return context.signal.reason
  if (isHostError(cause)) return withOperation(cause, context)
  if (cause instanceof EngineAnswerError) return toAnswerError(cause, context)
  if (cause instanceof AnswerFormatError || cause instanceof SyntaxError) return toProtocolError(cause, context)
  if (isConnectionError(cause)) {
    return createHostError('CONNECTION_LOST', { endpoint: context.endpoint, lastTimestamp: undefined }, { cause })
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  return toFailure({ context, status: undefined, reason, cause })
}

export interface ErrorContext extends EngineCall {
  /** As messages show it. */
  readonly endpoint: string
  readonly runtimeName: string
}

/** A limit that the transport set does not know for what: the operation is named here. */
function withOperation(cause: unknown, { operation }: ErrorContext): unknown {
  if (!isHostError(cause, 'TIMED_OUT') || cause.facts.operation !== 'connecting') return cause
  return createHostError('TIMED_OUT', { ...cause.facts, operation, phase: 'connecting' }, { cause })
}

function toAnswerError(answer: EngineAnswerError, context: ErrorContext): unknown {
  const rule = rules.find(({ when }) => when(answer, context))
  return rule === undefined
    ? toFailure({ context, status: answer.status, reason: answer.text, cause: answer })
    : rule.to(answer, context)
}

/** The first that matches decides. Status and endpoint come first; a text only splits what they leave together. */
const rules: readonly AnswerRule[] = [
  {
    when: (answer) => isStart(answer) && texts.commandNotFound.test(answer.text),
    to: (answer, context) => toNotStarted(answer, context, 127),
  },
  {
    when: (answer) => isStart(answer) && texts.commandNotExecutable.test(answer.text),
    to: (answer, context) => toNotStarted(answer, context, 126),
  },
  {
    when: (answer) =>
      texts.capabilitiesWithheld.test(answer.text) || texts.privilegedWithUserNamespaces.test(answer.text),
    to: (answer, { runtimeName, capabilityField: field = 'privileged' }) =>
      createHostError(
        'OPTION_UNSUPPORTED',
        { runtime: runtimeName, field, given: 'true', reason: answer.text },
        { cause: answer },
      ),
  },
  {
    when: ({ text }) => texts.portTaken.test(text),
    to: (answer, { subject }) =>
      createHostError('IN_USE', { subject: toPortSubject(answer.text) ?? subject, users: [] }, { cause: answer }),
  },
  {
    when: ({ text }) => texts.poolsExhausted.test(text),
    to: (answer, context) =>
      toFailure({
        context,
        status: answer.status,
        reason: `${answer.text}; the engine has no free address range for one more network: remove networks, leftovers by a sweep`,
        cause: answer,
      }),
  },
  {
    when: ({ text, path }) => path.endsWith('/logs') && texts.logsUnreadable.test(text),
    to: (answer, context) => toFailure({ context, status: answer.status, reason: answer.text, cause: answer }),
  },
  {
    when: ({ path, status, text }) =>
      path === '/images/create' && (status === 401 || status === 403 || texts.pullDenied.test(text)),
    to: (answer, { subject: image }) =>
      createHostError('IMAGE_PULL_FAILED', { image, registryText: answer.text }, { cause: answer }),
  },
  { when: ({ status, text }) => status === 404 || texts.containerVanished.test(text), to: toNotFound },
  {
    when: ({ status, path }) => status === 403 && path.startsWith('/networks/'),
    to: (answer, { subject }) =>
      createHostError('IN_USE', { subject: `network "${subject}"`, users: toUsers(answer.text) }, { cause: answer }),
  },
  {
    when: ({ status, text, method }) =>
      status === 409 ||
      (status >= 500 && (texts.nameTaken.test(text) || (method !== 'DELETE' && texts.notRunning.test(text)))),
    to: toConflict,
  },
  { when: ({ text }) => findBadField(text) !== undefined, to: toBadArgument },
  { when: ({ status }) => status === 400, to: toBadArgument },
]

interface AnswerRule {
  when(answer: EngineAnswerError, context: ErrorContext): boolean
  to(answer: EngineAnswerError, context: ErrorContext): unknown
}

function toBadArgument(answer: EngineAnswerError, { operation, field = operation, subject }: ErrorContext): unknown {
  const facts = { field, expected: `what the engine accepts (${answer.text})`, given: JSON.stringify(subject) }
  return createHostError('INVALID_ARGUMENT', findBadField(answer.text) ?? facts, { cause: answer })
}

/** Podman prepares a container for its start when one attaches to it. */
function isStart({ path }: EngineAnswerError): boolean {
  return ['/containers/{id}/start', '/containers/{id}/attach', '/exec/{id}/start'].includes(path)
}

function toNotStarted(answer: EngineAnswerError, { subject: id, command }: ErrorContext, exitCode: 126 | 127): unknown {
  const named = texts.commandName.exec(answer.text)?.[1]
  const facts = { id, command: command ?? (named === undefined ? [] : [named]), exitCode }
  return createHostError('COMMAND_NOT_STARTED', facts, { cause: answer })
}

/** By endpoint; on create, start and connect the text tells which of several things is not there. */
function toNotFound(answer: EngineAnswerError, context: ErrorContext): unknown {
  const { path, text } = answer
  const cause = { cause: answer }
  const network = texts.noNetwork.exec(text)
  if (network !== null)
    return createHostError('NETWORK_NOT_FOUND', { id: network[1] ?? network[2] ?? context.subject }, cause)
  const volume = texts.noVolume.exec(text)
  if (volume !== null)
    return createHostError('VOLUME_NOT_FOUND', { name: volume[1] ?? volume[2] ?? context.subject }, cause)
  const image = texts.noImage.exec(text)
  if (image !== null || path.startsWith('/images/')) {
    return createHostError('IMAGE_NOT_FOUND', { image: image?.[1] ?? image?.[2] ?? context.subject }, cause)
  }
  if (path.startsWith('/networks/') && !texts.noContainer.test(text)) {
    return createHostError('NETWORK_NOT_FOUND', { id: context.subject }, cause)
  }
  if (path.startsWith('/volumes/')) return createHostError('VOLUME_NOT_FOUND', { name: context.subject }, cause)
  if (path.startsWith('/containers/{id}') || path.startsWith('/exec/') || texts.noContainer.test(text)) {
    return createHostError('CONTAINER_NOT_FOUND', { id: context.subject }, cause)
  }
  return toFailure({ context, status: 404, reason: text, cause: answer })
}

/** 409 means another thing on nearly every endpoint. */
function toConflict(answer: EngineAnswerError, context: ErrorContext): unknown {
  const { path, text, method } = answer
  const { subject } = context
  const cause = { cause: answer }
  if (path.endsWith('/create') || texts.nameTaken.test(text)) {
    const holderId = texts.nameHolder.exec(text)?.[1]
    return createHostError('NAME_CONFLICT', { name: subject, holderId, ours: false }, cause)
  }
  if (method === 'DELETE' && /^\/(images|volumes|networks)\//.test(path)) {
    const kind = path.slice(1, path.indexOf('s/'))
    return createHostError('IN_USE', { subject: `${kind} "${subject}"`, users: toUsers(text) }, cause)
  }
  const state = texts.paused.test(text) ? 'paused' : texts.restarting.test(text) ? 'restarting' : undefined
  if (method !== 'DELETE' && (state !== undefined || texts.notRunning.test(text))) {
    return createHostError('NOT_RUNNING', { id: subject, state: state ?? 'exited' }, cause)
  }
  return toFailure({ context, status: answer.status, reason: text, cause: answer })
}

/** The names or ids of those who hold on to a thing, where the engine tells them. */
function toUsers(text: string): readonly string[] {
  return [...text.matchAll(texts.users)].flatMap(([, name]) => (name === undefined ? [] : name.split(/[\s,]+/)))
}

function toPortSubject(text: string): string | undefined {
  const port = texts.port.exec(text)?.[1]
  return port === undefined ? undefined : `port ${port}`
}

function toProtocolError(cause: Error, { operation }: ErrorContext): unknown {
  const excerpt = cause instanceof AnswerFormatError ? cause.excerpt : cause.message
  return createHostError('PROTOCOL_ERROR', { operation, excerpt }, { cause })
}

function toFailure({ context, cause, ...facts }: Failure): unknown {
  const { operation, subject } = context
  return createHostError('OPERATION_FAILED', { operation, subject, ...facts }, { cause })
}

type Failure = Pick<HostErrorFacts['OPERATION_FAILED'], 'status' | 'reason'> & {
  readonly context: ErrorContext
  readonly cause: unknown
}

/** Any errno of a socket, and a connection that ended before its answer did. */
function isConnectionError(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false
  if ('syscall' in cause && 'code' in cause) return true
  const code = 'code' in cause ? String(cause.code) : ''
  return connectionCodes.has(code) || code.startsWith('HPE_') || texts.connectionEnded.test(cause.message)
}

const connectionCodes: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ENOENT',
  'EACCES',
  'EMFILE',
  'ENFILE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
])
