import {
  type CreateNetworkOptions,
  createRequestIdLabel,
  delay,
  isHostError,
  type Operation,
  toObjectLabels,
} from '@capstan/core'
import { hasApi } from '../api-version.js'
import type { DockerEngine } from '../docker-engine.js'
import { withAbortGrace } from '../unanswered/abort-grace.js'
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
  { labels = {}, internal = false }: CreateNetworkOptions,
  call: Operation,
): Promise<string> {
  const ownLabels = toObjectLabels({ kind: 'network' }, engine.ownerLabels, labels)
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const request = { call, name, internal, labels: ownLabels, requestIdLabel: createRequestIdLabel() }
    const id = await makeUnique(engine, request)
    if (id !== undefined) return id
    await delay(Math.random() * betweenAttemptsMs, call)
  }
  throw toNameConflict(engine, name, undefined)
}

/** The id; `undefined` when others wanted the name at the same moment, and none got it. */
async function makeUnique(engine: DockerEngine, request: NetworkRequest): Promise<string | undefined> {
  const { call, name } = request
  const addUndo = () =>
    call.undo.add(`network ${name}`, (own) => removeByRequestId(engine, request, { ...call, ...own }))
  const id = await make(engine, request).catch(async (error: unknown) => {
    if (isAnswered(error, call)) throw await explainFailure(engine, request, error)
    addUndo()
    throw error
  })
  addUndo()
  if (hasApi(engine.apiVersion, uniqueNamesSince) || (await isAlone(engine, request, id))) return id
  const [failure] = await call.undo.run()
  if (failure !== undefined) throw failure
  const holder = await findNamed(engine, request)
  if (holder !== undefined) throw toNameConflict(engine, name, holder)
  return undefined
}

function make(engine: DockerEngine, request: NetworkRequest): Promise<string> {
  const { call, name, internal, labels, requestIdLabel } = request
  return withAbortGrace(engine, call, async (patient) => {
    try {
      const api = await engine.api(patient)
      const Labels = { ...labels, ...requestIdLabel }
      // Before API 1.44 a second network of the same name is made without this; later it is ignored.
      const body = { Name: name, Driver: 'bridge', Internal: internal, Labels, CheckDuplicate: true }
      return (await api.createNetwork(body)).id
    } catch (error) {
      call.signal.throwIfAborted()
      const made = isHostError(error, 'TIMED_OUT') ? await findByRequestId(engine, request, call) : undefined
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
