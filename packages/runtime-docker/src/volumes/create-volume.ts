import { isHostError } from '@capstan/core'
import {
  createHostError,
  createRequestIdLabel,
  hasLabels,
  isSameOwner,
  type Operation,
  poll,
  type StringMap,
  toObjectLabels,
} from '@capstan/core/plugin'
import { withAbortGrace } from '../engine/abort-grace.js'
import type { InspectedVolume } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { hasKnownOutcome } from '../engine/has-known-outcome.js'
import { ignoreErrors } from '../engine/ignore-errors.js'

/**
 * Creates a volume and resolves with its name.
 *
 * Rejects with NAME_CONFLICT when a volume has the name. The engine would return that volume as if it were new, so the
 * labels of the answer are compared. After an abort or a lost answer the volume is removed.
 */
export async function createVolume(engine: DockerEngine, labels: StringMap, call: Operation): Promise<string> {
  const requestIdLabel = createRequestIdLabel()
  const all = { ...toObjectLabels({ kind: 'volume' }, engine.ownerLabels, labels), ...requestIdLabel }
  rejectTaken(engine, await findVolume(engine, call), requestIdLabel)
  return sendCreateVolume(engine, { call, labels: all, requestIdLabel })
}

/**
 * Creates the volume named by the call's subject; `labels` include `requestIdLabel`. Rejects with NAME_CONFLICT if it
 * exists.
 */
export async function sendCreateVolume(
  engine: DockerEngine,
  { call, labels, requestIdLabel }: CreateVolumeRequest,
): Promise<string> {
  const name = call.subject
  try {
    const made = await withAbortGrace(engine, call, (graceCall) => {
      const body = { Name: name, Labels: labels }
      return engine.sendJson<InspectedVolume>({ ...graceCall, method: 'POST', path: '/volumes/create', body })
    })
    rejectTaken(engine, made, requestIdLabel)
    call.signal.throwIfAborted()
    return name
  } catch (error) {
    if (!hasKnownOutcome(error, call)) {
      call.undo.add(`volume ${name}`, (own) => removeOrphan(engine, requestIdLabel, { ...call, ...own }))
      throw error
    }
    // An engine may fail when another request creates the volume at the same time.
    if (isHostError(error, 'OPERATION_FAILED')) rejectTaken(engine, await findVolume(engine, call), requestIdLabel)
    throw toBadName(error, call)
  }
}

/** The request for one volume. */
export interface CreateVolumeRequest {
  readonly call: Operation & EngineCall
  readonly labels: StringMap
  readonly requestIdLabel: StringMap
}

/** Sets the field of an invalid name. The engine's text is the same for the name of a mounted volume. */
function toBadName(error: unknown, { subject: name, field = 'name' }: EngineCall): unknown {
  if (!isHostError(error, 'INVALID_ARGUMENT')) return error
  const facts = { ...error.facts, field, given: JSON.stringify(name) }
  return createHostError('INVALID_ARGUMENT', facts, { cause: error.cause })
}

function rejectTaken(
  { ownerLabels }: DockerEngine,
  volume: InspectedVolume | undefined,
  requestIdLabel: StringMap,
): void {
  if (volume === undefined || hasLabels(volume.Labels, requestIdLabel)) return
  const { Name: name, Labels } = volume
  throw createHostError('NAME_CONFLICT', { name, holderId: name, sameOwner: isSameOwner(Labels, ownerLabels) })
}

async function removeOrphan(engine: DockerEngine, requestIdLabel: StringMap, call: EngineCall): Promise<void> {
  const find = () => findVolume(engine, call)
  const made = await poll(find, { limitMs: engine.timeouts.lateResultMs, signal: call.signal })
  if (hasLabels(made?.Labels, requestIdLabel)) await (await engine.api(call)).getVolume(call.subject).remove()
}

/** Resolves with the volume named by the call's subject, or with `undefined` if it does not exist. */
export async function findVolume(engine: DockerEngine, call: EngineCall): Promise<InspectedVolume | undefined> {
  return await ignoreErrors(['VOLUME_NOT_FOUND'], (await engine.api(call)).getVolume(call.subject).inspect())
}
