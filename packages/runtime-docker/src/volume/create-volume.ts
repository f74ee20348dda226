import {
  type CreateVolumeOptions,
  createHostError,
  createUndoStack,
  isHostError,
  type StringMap,
  toObjectLabels,
  validateLabels,
  validateName,
  withUndoFailures,
} from '@capstan/core'
import { graceAfter } from '../container/answer-grace.js'
import type { InspectedVolume } from '../docker-api.js'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { isAnswered } from '../engine-text.js'
import { createRequestMark, isMarked, isOurs } from '../request-mark.js'
import { whenItShows } from '../when-it-shows.js'

/**
 * Makes a volume and resolves with its name.
 *
 * Name taken: NAME_CONFLICT, though the engine would hand out the old volume without a word; also when another made it
 * between question and request, as the labels of the answer tell. Aborted or not answered: what was made is removed.
 */
export async function createVolume(
  engine: DockerEngine,
  name: string,
  { labels = {}, signal }: CreateVolumeOptions = {},
): Promise<string> {
  validateName(name)
  validateLabels(labels)
  const call: EngineCall = { operation: 'createVolume', subject: name, signal }
  const mark = createRequestMark()
  const body = { Name: name, Labels: { ...toObjectLabels({ kind: 'volume' }, engine.ownerLabels, labels), ...mark } }
  refuseTaken(engine, await findVolume(engine, call), mark)
  const grace = graceAfter(signal, answerGraceMs)
  try {
    const request = { ...call, signal: grace.signal, method: 'POST', path: '/volumes/create', body } as const
    refuseTaken(engine, await engine.sendJson<InspectedVolume>(request), mark)
    signal?.throwIfAborted()
    return name
  } catch (error) {
    throw isAnswered(error, call) ? error : await undoUnanswered(engine, { call, mark }, error)
  } finally {
    grace.release()
  }
}

function refuseTaken({ ownerLabels }: DockerEngine, volume: InspectedVolume | undefined, mark: StringMap): void {
  if (volume === undefined || isMarked(volume.Labels, mark)) return
  const { Name: name, Labels } = volume
  throw createHostError('NAME_CONFLICT', { name, holderId: name, ours: isOurs(Labels, ownerLabels) })
}

async function undoUnanswered(
  engine: DockerEngine,
  { call, mark }: { readonly call: EngineCall; readonly mark: StringMap },
  error: unknown,
): Promise<unknown> {
  const undo = createUndoStack()
  undo.add(`volume ${call.subject}`, async (own) => {
    const made = await whenItShows(() => findVolume(engine.undoing, { ...call, ...own }), own)
    if (!isMarked(made?.Labels, mark)) return
    await (await engine.undoing.api({ ...call, ...own })).getVolume(call.subject).remove()
  })
  const failures = await undo.run()
  return withUndoFailures(call.signal?.aborted ? call.signal.reason : error, failures)
}

async function findVolume(engine: DockerEngine, call: EngineCall): Promise<InspectedVolume | undefined> {
  try {
    return await (await engine.api(call)).getVolume(call.subject).inspect()
  } catch (error) {
    if (isHostError(error, 'VOLUME_NOT_FOUND')) return undefined
    throw error
  }
}

const answerGraceMs = 2_000
