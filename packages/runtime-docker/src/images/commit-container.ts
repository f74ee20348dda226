import type { CommitOptions, ImageChanges } from '@capstan/core'
import {
  createRequestIdLabel,
  hasLabels,
  type Operation,
  parseImageReference,
  poll,
  type StringMap,
  toObjectLabels,
  toOciImageConfig,
  untilAborted,
} from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { hasKnownOutcome } from '../engine/has-known-outcome.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { toLabelFilter } from '../engine/label-filter.js'
import { checkChangesApplied, toCommitInstructions } from './commit-changes.js'
import { findImage, toImageId } from './images.js'
import { toPullTag } from './pull-image.js'
import { tagImage } from './restore-tag.js'

/**
 * Creates an image from the container of the call and resolves with its id.
 *
 * After a failure, an abort or a lost answer the image is removed, and its tag names the earlier image again. The engine finishes
 * the request of a client that disconnects, and the container is paused until then. So an abort waits for the answer. Without an
 * answer the image is found by a label.
 */
export async function commitContainer(engine: DockerEngine, options: CommitOptions, call: Operation): Promise<string> {
  const { tag, changes = {} } = options
  const before = tag === undefined ? undefined : (await findImage(engine, tag, call))?.Id
  const requestIdLabel = createRequestIdLabel()
  const own = toObjectLabels({ kind: 'image', tag }, engine.ownerLabels, changes.labels)
  const all: ImageChanges = { ...changes, labels: { ...own, ...requestIdLabel } }
  const remove = (id: string, undo: EngineCall) => removeCommitted(engine, { id, tag, before }, undo)
  const request = new AbortController()
  const answer = send(engine, { ...options, changes: all }, { ...call, signal: request.signal })
  try {
    const id = await untilAborted(answer, call.signal)
    call.undo.add(`image ${id}`, (limits) => remove(id, { ...call, ...limits }))
    await checkChangesApplied(engine, { id, changes: all }, call)
    return id
  } catch (error) {
    if (!hasKnownOutcome(error, call)) {
      call.undo.add(`image of ${call.subject}`, async (limits) => {
        const undo = { ...call, ...limits }
        const end = () => request.abort(limits.signal.reason)
        limits.signal.addEventListener('abort', end, { once: true })
        const id = await answer.catch((failure: unknown) => {
          return hasKnownOutcome(failure, limits) ? undefined : findCommitted(engine, requestIdLabel, undo)
        })
        if (id !== undefined) await remove(id, undo)
      })
    }
    throw error
  }
}

async function send(engine: DockerEngine, options: CommitOptions, call: EngineCall): Promise<string> {
  const { tag, changes = {}, message, author, pause = true } = options
  const reference = tag === undefined ? undefined : parseImageReference(tag)
  const query = {
    container: engine.containers.toEngineId(call.subject),
    ...(reference !== undefined && { repo: reference.name, tag: toPullTag(reference) }),
    comment: message,
    author,
    // A missing parameter means true.
    pause: pause ? '1' : '0',
  }
  const instructions = toCommitInstructions(engine, changes)
  // Without a body, Podman rejects the request.
  const settings =
    instructions === undefined
      ? { query, body: toOciImageConfig(changes) }
      : { query: { ...query, changes: instructions }, body: {} }
  const { Id } = await engine.sendJson<{ readonly Id: string }>({
    ...call,
    method: 'POST',
    path: '/commit',
    ...settings,
  })
  return toImageId(Id)
}

/** Finds the image that an interrupted request creates, if it appears within `lateResultMs`. */
async function findCommitted(engine: DockerEngine, label: StringMap, call: EngineCall): Promise<string | undefined> {
  const api = await engine.api(call)
  // The labels are compared as well, because the image is removed.
  const find = async () => {
    const listed = await api.listImages({ filters: toLabelFilter(label) })
    return listed.find(({ Labels }) => hasLabels(Labels, label))?.Id
  }
  return await poll(find, { limitMs: engine.timeouts.lateResultMs, signal: call.signal })
}

interface Committed {
  readonly id: string
  readonly tag: string | undefined
  /** The id of the image that had the tag before. */
  readonly before: string | undefined
}

async function removeCommitted(engine: DockerEngine, { id, tag, before }: Committed, call: EngineCall): Promise<void> {
  if (tag !== undefined && before !== undefined) await tagImage(engine, { id: before, tag }, call)
  await ignoreErrors(['IMAGE_NOT_FOUND'], (await engine.api(call)).getImage(id).remove())
}
