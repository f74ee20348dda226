import {
  type CreateNetworkOptions,
  createHostError,
  createUndoStack,
  isHostError,
  ownershipLabelKeys,
  type StringMap,
  toObjectLabels,
  validateLabels,
  validateName,
  withUndoFailures,
} from '@capstan/core'
import type { DockerApi, InspectedNetwork } from '../docker-api.js'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { texts } from '../docker-error-texts.js'
import { isAnswered, toEngineText } from '../engine-text.js'
import { toLabelFilter } from '../label-filter.js'
import { createRequestMark, isOurs } from '../request-mark.js'
import { whenItShows } from '../when-it-shows.js'

/**
 * Makes a bridge network and resolves with its id.
 *
 * Name taken: NAME_CONFLICT with the holder. Not answered within 30 s: the network, if it was made all the same, else
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
  const call: EngineCall = { operation: 'createNetwork', subject: name, signal, timeoutMs: createTimeoutMs }
  const mark = createRequestMark()
  const Labels = { ...toObjectLabels({ kind: 'network' }, engine.ownerLabels, labels), ...mark }
  try {
    return await request(engine, { Name: name, Driver: 'bridge', Internal: internal, Labels }, call)
  } catch (error) {
    return settle(engine, { name, call, mark }, error)
  }
}

interface Attempt {
  readonly name: string
  readonly call: EngineCall
  readonly mark: StringMap
}

async function request(engine: DockerEngine, network: object, call: EngineCall): Promise<string> {
  const api = await engine.api(call)
  // Before API 1.44 a second network of the same name is made without this; later it is ignored.
  const { id } = await api.createNetwork({ ...network, CheckDuplicate: true })
  return id
}

/** The id after all, or the failure with what is to be known about it. */
async function settle(engine: DockerEngine, attempt: Attempt, error: unknown): Promise<string> {
  if (attempt.call.signal?.aborted) throw await undoUnanswered(engine, attempt, error)
  if (isHostError(error, 'NAME_CONFLICT')) throw await toNameConflict(engine, attempt, error)
  if (isHostError(error, 'TIMED_OUT')) return reconcile(engine, attempt, error)
  if (isHostError(error, 'OPERATION_FAILED')) throw await toPoolFailure(engine, attempt, error)
  throw await undoUnanswered(engine, attempt, error)
}

/** Slow is not failed: what the engine made in the end is what was asked for. */
async function reconcile(engine: DockerEngine, { call, mark }: Attempt, error: unknown): Promise<string> {
  const api = await engine.api({ ...call, timeoutMs: lookTimeoutMs })
  const made = await whenItShows(() => findMarked(api, mark), call)
  if (made === undefined) throw error
  return made.Id
}

async function undoUnanswered(engine: DockerEngine, { name, call, mark }: Attempt, error: unknown): Promise<unknown> {
  if (isAnswered(error, call)) return error
  const undo = createUndoStack()
  undo.add(`network ${name}`, async (own) => {
    const api = await engine.api({ ...call, ...own })
    const made = await whenItShows(() => findMarked(api, mark), own)
    if (made !== undefined) await api.getNetwork(made.Id).remove()
  })
  return withUndoFailures(error, await undo.run())
}

async function findMarked(api: DockerApi, mark: StringMap): Promise<InspectedNetwork | undefined> {
  return (await api.listNetworks({ filters: toLabelFilter(mark) }))[0]
}

async function toNameConflict(engine: DockerEngine, { name, call }: Attempt, cause: unknown): Promise<unknown> {
  const named = await (await engine.api(call)).listNetworks({ filters: { name: [name] } })
  const holder = named.find(({ Name }) => Name === name) // the filter takes parts of names
  const facts = { name, holderId: holder?.Id, ours: isOurs(holder?.Labels, engine.ownerLabels) }
  return createHostError('NAME_CONFLICT', facts, { cause })
}

/** The default pools hold about 30 networks: what is left behind by dead owners uses them up. */
async function toPoolFailure(engine: DockerEngine, { call }: Attempt, error: unknown): Promise<unknown> {
  const text = toEngineText(error) ?? ''
  if (!isHostError(error, 'OPERATION_FAILED') || !texts.poolsExhausted.test(text)) return error
  const networks = await (await engine.api(call)).listNetworks({ filters: { label: [ownershipLabelKeys.instance] } })
  const names = networks.map(({ Id, Name }) => Name ?? Id)
  const ours = names.length === 0 ? 'none of its networks are of Capstan' : `networks of Capstan: ${names.join(', ')}`
  const reason = `${text}; ${ours}; a sweep removes those that a dead owner left`
  return createHostError('OPERATION_FAILED', { ...error.facts, reason }, { cause: error })
}

const createTimeoutMs = 30_000
const lookTimeoutMs = 5_000
