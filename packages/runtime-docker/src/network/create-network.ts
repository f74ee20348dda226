import {
  type CreateNetworkOptions,
  createRequestIdLabel,
  createUndoStack,
  delay,
  isHostError,
  toObjectLabels,
  validateLabels,
  validateName,
  withUndoFailures,
} from '@capstan/core'
import { hasApi } from '../api-version.js'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { withAnswerGrace } from '../unanswered/answer-grace.js'
import { isAnswered } from '../unanswered/is-answered.js'
import { explainFailure, toNameConflict } from './create-failure.js'
import { findByRequestId, findNamed, type NetworkRequest, removeByRequestId } from './network-request.js'

/**
 * Makes a bridge network and resolves with its id.
 *
 * Name taken: NAME_CONFLICT with the holder. Not answered within `answerMs`: the network, if it was made all the same, else
 * TIMED_OUT. No address pool left: OPERATION_FAILED that lists what Capstan itself has left behind. Aborted, or the
 * connection lost: what was made is removed.
 */
export async function createNetwork(
  engine: DockerEngine,
  name: string,
  { labels = {}, internal = false, signal }: CreateNetworkOptions = {},
): Promise<string> {
  validateName(name)
  validateLabels(labels)
  signal?.throwIfAborted()
  const call: EngineCall = { operation: 'createNetwork', subject: name, signal }
  const ownLabels = toObjectLabels({ kind: 'network' }, engine.ownerLabels, labels)
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const id = await makeUnique(engine, {
      call,
      name,
      internal,
      labels: ownLabels,
      requestIdLabel: createRequestIdLabel(),
    })
    if (id !== undefined) return id
    await delay(Math.random() * betweenAttemptsMs, { signal })
  }
  throw toNameConflict(engine, name, undefined)
}

/** The id; `undefined` when others wanted the name at the same moment, and none got it. */
async function makeUnique(engine: DockerEngine, request: NetworkRequest): Promise<string | undefined> {
  await engine.api(request.call) // where nothing can be sent there is nothing to undo
  const undo = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  undo.add(`network ${request.name}`, ({ signal }) => removeByRequestId(engine.undoing, request, { signal }))
  const id = await make(engine, request).catch(async (error: unknown) => {
    if (isAnswered(error, request.call)) throw await explainFailure(engine, request, error)
    throw withUndoFailures(error, await undo.run())
  })
  try {
    if (hasApi(engine.apiVersion, uniqueNamesSince) || (await isAlone(engine, request, id))) return id
  } catch (error) {
    throw withUndoFailures(error, await undo.run())
  }
  const [failure] = await undo.run()
  if (failure !== undefined) throw failure
  const holder = await findNamed(engine, request)
  if (holder !== undefined) throw toNameConflict(engine, request.name, holder)
  return undefined
}

function make(engine: DockerEngine, { call, name, internal, labels, requestIdLabel }: NetworkRequest): Promise<string> {
  return withAnswerGrace(engine, call, async ({ signal, wanted, limit, ...patient }) => {
    try {
      const api = await patient.engine.api({ ...limit, ...call, signal })
      const Labels = { ...labels, ...requestIdLabel }
      // Before API 1.44 a second network of the same name is made without this; later it is ignored.
      const body = { Name: name, Driver: 'bridge', Internal: internal, Labels, CheckDuplicate: true }
      const { id } = await api.createNetwork(body)
      wanted.throwIfAborted()
      return id
    } catch (error) {
      wanted.throwIfAborted()
      const made = isHostError(error, 'TIMED_OUT')
        ? await findByRequestId(engine, { call, requestIdLabel }, call)
        : undefined
      if (made === undefined) throw error
      return made.Id // slow is not failed: what the engine made in the end is what was asked for
    }
  })
}

/**
 * `CheckDuplicate` looks before the engine makes the network, so several of one name can be made at once. Whoever sees
 * another gives up: then never two have the name, and the last to look may try again.
 */
async function isAlone(engine: DockerEngine, request: NetworkRequest, id: string): Promise<boolean> {
  return (await findNamed(engine, request, id)) === undefined
}

const uniqueNamesSince = '1.44'
const mostAttempts = 8
const betweenAttemptsMs = 100
