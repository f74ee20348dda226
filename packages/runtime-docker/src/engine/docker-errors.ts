import { isHostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { AnswerFormatError } from './answer-format-error.js'
import type { EngineCall } from './docker-engine.js'
import { findBadField } from './docker-error-texts.js'
import { EngineAnswerError } from './engine-answer-error.js'
import * as texts from './error-patterns.js'

/**
 * Translates a failed request or connection to the error that the caller gets. Errors that an engine reports within a
 * stream (pull, build, load, wait) are translated where that stream is read.
 *
 * The reason of an aborted signal takes precedence; a HostError is returned unchanged, except a TIMED_OUT of the
 * transport, which gets the operation. Facts that the engine's answer does not have, such as the owner of a name or the
 * users of an object, are added by the caller: see NAME_CONFLICT and IN_USE.
 */
export function toHostError(cause: unknown, context: ErrorContext): unknown {
  if (context.signal?.aborted) return context.signal.reason
  if (isHostError(cause)) return withOperation(cause, context)
  if (cause instanceof EngineAnswerError) return toAnswerError(cause, context)
  if (cause instanceof AnswerFormatError || cause instanceof SyntaxError) return toProtocolError(cause, context)
  if (isConnectionError(cause)) {
    return createHostError('CONNECTION_LOST', { endpoint: context.endpoint, lastTimestamp: undefined }, { cause })
  }
  const { operation, subject } = context
  const reason = cause instanceof Error ? cause.message : String(cause)
  return createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason }, { cause })
}

export interface ErrorContext extends EngineCall {
  /** The URL of the endpoint in messages. */
  readonly endpoint: string
  readonly runtimeName: string
}

/** Adds the operation to a TIMED_OUT of the transport, which has only the operation `connecting`. */
function withOperation(cause: unknown, { operation }: ErrorContext): unknown {
  if (!isHostError(cause, 'TIMED_OUT') || cause.facts.operation !== 'connecting') return cause
  return createHostError('TIMED_OUT', { ...cause.facts, operation, phase: 'connecting' }, { cause })
}

function toAnswerError(answer: EngineAnswerError, context: ErrorContext): unknown {
  const { to = toFailure } = rules.find(({ when }) => when(answer)) ?? {}
  return to(answer, context)
}

/** The translation rules. The first match applies. The text is read only where status and path do not suffice. */
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
    when: ({ text }) => texts.addressTaken.test(text),
    to: (answer, { subject }) => {
      const address = texts.addressTaken.exec(answer.text)?.[1]
      const taken = address === undefined ? 'a fixed address' : `address "${address}"`
      const facts = { subject: `${taken} of container "${subject}"`, users: [] }
      return createHostError('IN_USE', facts, { cause: answer })
    },
  },
  {
    when: ({ text }) => texts.portTaken.test(text),
    to: (answer, { subject }) =>
      createHostError('IN_USE', { subject: toPortSubject(answer.text) ?? subject, users: [] }, { cause: answer }),
  },
  {
    when: ({ text }) => texts.poolsExhausted.test(text),
    to: (answer, context) =>
      toFailure(
        answer,
        context,
        `${answer.text}; the engine has no free address range for another network: remove networks, or run a sweep to remove leftovers`,
      ),
  },
  {
    when: ({ text, path }) =>
      path.endsWith('/logs') && (texts.logsUnreadable.test(text) || texts.logsNotKept.test(text)),
    to: (answer, { subject: id }) =>
      createHostError('LOGS_UNAVAILABLE', { id, reason: answer.text }, { cause: answer }),
  },
  {
    when: ({ method, text }) => method === 'DELETE' && texts.dependents.test(text),
    to: (answer, { subject }) => {
      const users = texts.dependents.exec(answer.text)?.[1]?.split(', ') ?? []
      return createHostError('IN_USE', { subject: `container "${subject}"`, users }, { cause: answer })
    },
  },
  {
    when: (answer) => answer.path === '/containers/{id}/start' && texts.ownerNotRunning.test(answer.text),
    to: (answer, { subject }) => {
      const id = texts.ownerNotRunning.exec(answer.text)?.[1] ?? subject
      return createHostError('NOT_RUNNING', { id, state: 'exited' }, { cause: answer })
    },
  },
  {
    when: ({ text }) => texts.noGpuDriver.test(text),
    to: (answer, { runtimeName: runtime }) => {
      const reason = 'the engine has no driver for GPUs'
      const remedy = "install the toolkit of the GPU's vendor on the machine of the engine"
      return createHostError(
        'OPTION_UNSUPPORTED',
        { runtime, field: 'gpus', given: 'gpu', reason, remedy },
        { cause: answer },
      )
    },
  },
  {
    when: ({ path, status, text }) =>
      path === '/images/create' && (status === 401 || status === 403 || texts.pullDenied.test(text)),
    to: (answer, { subject: image }) =>
      createHostError('IMAGE_PULL_FAILED', { image, registryText: answer.text }, { cause: answer }),
  },
  {
    when: ({ text }) => texts.fileInUse.test(text),
    to: (answer) => {
      const [, kind = '', name = '', users = ''] = texts.fileInUse.exec(answer.text) ?? []
      return createHostError('IN_USE', { subject: `${kind} "${name}"`, users: users.split(/,\s*/) }, { cause: answer })
    },
  },
  {
    when: ({ text }) => texts.ingressPortTaken.test(text),
    to: (answer) => {
      const [, port = '', user = ''] = texts.ingressPortTaken.exec(answer.text) ?? []
      return createHostError('IN_USE', { subject: `port ${port}`, users: [user] }, { cause: answer })
    },
  },
  {
    when: ({ method, path, text }) => method === 'DELETE' && path === '/networks/{id}' && texts.networkInUse.test(text),
    to: (answer, { subject }) => {
      const users = texts.networkInUse.exec(answer.text)?.slice(1) ?? []
      return createHostError('IN_USE', { subject: `network "${subject}"`, users }, { cause: answer })
    },
  },
  {
    when: ({ path, text }) =>
      (path === '/services/create' || path === '/services/{id}/update') &&
      [texts.noNetwork, texts.noSecret, texts.noConfig].some((pattern) => pattern.test(text)),
    to: toNotFound,
  },
  {
    when: ({ path, text }) => path === '/containers/{id}/archive' && texts.notDirectory.test(text),
    to: (answer, context) => toPathNotFound(answer, context, context.containerPath ?? context.subject),
  },
  { when: ({ status, text }) => status === 404 || texts.containerVanished.test(text), to: toNotFound },
  {
    when: ({ status, path }) => status === 403 && path.startsWith('/networks/'),
    to: (answer, { subject }) =>
      createHostError('IN_USE', { subject: `network "${subject}"`, users: toUsers(answer.text) }, { cause: answer }),
  },
  // Before the conflicts, since Podman 4.3 refuses to attach with status 409 when it cannot prepare the container.
  { when: ({ text }) => findBadField(text) !== undefined, to: toBadArgument },
  {
    when: ({ status, text, method }) =>
      status === 409 ||
      (status >= 500 && (texts.nameTaken.test(text) || (method !== 'DELETE' && texts.notRunning.test(text)))),
    to: toConflict,
  },
  { when: ({ status, text }) => status === 400 || texts.badReference.test(text), to: toBadArgument },
]

interface AnswerRule {
  when(answer: EngineAnswerError): boolean
  to(answer: EngineAnswerError, context: ErrorContext): unknown
}

function toBadArgument(answer: EngineAnswerError, { operation, field = operation, subject }: ErrorContext): unknown {
  const facts = { field, expected: `what the engine accepts (${answer.text})`, given: JSON.stringify(subject) }
  return createHostError('INVALID_ARGUMENT', findBadField(answer.text) ?? facts, { cause: answer })
}

/** Whether the request starts a process, or may prepare it: an engine may do so when a client attaches to a container. */
function isStart({ path }: EngineAnswerError): boolean {
  return startPaths.has(path)
}

const startPaths: ReadonlySet<string> = new Set([
  '/containers/{id}/start',
  '/containers/{id}/restart',
  '/containers/{id}/attach',
  '/exec/{id}/start',
])

function toNotStarted(answer: EngineAnswerError, { subject: id, command }: ErrorContext, exitCode: 126 | 127): unknown {
  const named = texts.commandName.exec(answer.text)?.[1]
  const facts = { id, command: command ?? (named === undefined ? [] : [named]), exitCode }
  return createHostError('COMMAND_NOT_STARTED', facts, { cause: answer })
}

/** Chooses the code by the text, or else by the path. */
function toNotFound(answer: EngineAnswerError, context: ErrorContext): unknown {
  const { path, text } = answer
  const cause = { cause: answer }
  if (path === '/containers/{id}/archive' && context.containerPath !== undefined && !texts.noContainer.test(text))
    return toPathNotFound(answer, context, context.containerPath)
  for (const [code, pattern] of notFoundInSwarm) {
    const found = pattern.exec(text)
    if (found !== null && swarmPaths.test(path)) {
      return createHostError(code, { id: found[1] ?? found[2] ?? context.subject }, cause)
    }
  }
  const network = texts.noNetwork.exec(text)
  if (network !== null)
    return createHostError('NETWORK_NOT_FOUND', { id: network[1] ?? network[2] ?? context.subject }, cause)
  const volume = texts.noVolume.exec(text)
  if (volume !== null)
    return createHostError('VOLUME_NOT_FOUND', { name: volume[1] ?? volume[2] ?? context.subject }, cause)
  const image = texts.noImage.exec(text)
  // A list of images fails with 404 when the engine cannot read one of them.
  if (image !== null || (path.startsWith('/images/') && path !== '/images/json')) {
    return createHostError('IMAGE_NOT_FOUND', { image: image?.[1] ?? image?.[2] ?? context.subject }, cause)
  }
  if (path.startsWith('/networks/') && !texts.noContainer.test(text)) {
    return createHostError('NETWORK_NOT_FOUND', { id: context.subject }, cause)
  }
  if (path.startsWith('/volumes/')) return createHostError('VOLUME_NOT_FOUND', { name: context.subject }, cause)
  if (path.startsWith('/containers/{id}') || path.startsWith('/exec/') || texts.noContainer.test(text)) {
    return createHostError('CONTAINER_NOT_FOUND', { id: context.subject }, cause)
  }
  return toFailure(answer, context)
}

const notFoundInSwarm = [
  ['SERVICE_NOT_FOUND', texts.noService],
  ['SECRET_NOT_FOUND', texts.noSecret],
  ['CONFIG_NOT_FOUND', texts.noConfig],
] as const
const swarmPaths = /^\/(services|tasks|secrets|configs)(\/|$)/

function toPathNotFound(answer: EngineAnswerError, { subject: id }: ErrorContext, path: string): unknown {
  const expected = answer.method === 'PUT' ? 'directory' : 'path'
  return createHostError('PATH_NOT_FOUND', { id, path, expected }, { cause: answer })
}

/** Chooses the code for status 409, and for a status of 500 or more with the same meaning. */
function toConflict(answer: EngineAnswerError, context: ErrorContext): unknown {
  const { path, text, method } = answer
  const { subject } = context
  const cause = { cause: answer }
  if (path.endsWith('/create') || texts.nameTaken.test(text)) {
    const holderId = texts.nameHolder.exec(text)?.[1]
    return createHostError('NAME_CONFLICT', { name: subject, holderId, sameOwner: false }, cause)
  }
  if (method === 'DELETE' && /^\/(images|volumes|networks)\//.test(path)) {
    const kind = path.slice(1, path.indexOf('s/'))
    return createHostError('IN_USE', { subject: `${kind} "${subject}"`, users: toUsers(text) }, cause)
  }
  const state = texts.paused.test(text) ? 'paused' : texts.restarting.test(text) ? 'restarting' : undefined
  if (method !== 'DELETE' && (state !== undefined || texts.notRunning.test(text))) {
    return createHostError('NOT_RUNNING', { id: subject, state: state ?? 'exited' }, cause)
  }
  return toFailure(answer, context)
}

/** The names or ids of the users of an object, where the engine reports them. */
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

function toFailure(answer: EngineAnswerError, { operation, subject }: ErrorContext, reason = answer.text): unknown {
  const { status } = answer
  return createHostError('OPERATION_FAILED', { operation, subject, status, reason }, { cause: answer })
}

/** Whether a socket failed, or the connection ended before the answer was complete. */
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
