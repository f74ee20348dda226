import { isHostError, type StoredObjectInfo } from '@capstan/core'
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
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { hasKnownOutcome } from '../engine/has-known-outcome.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import type { SwarmStoredObject } from './swarm-answers.js'

/** A secret or a config. */
export type StoredKind = 'secret' | 'config'

/** Creates the object named by the call's subject and resolves with its id. After an abort or a lost answer the object is removed. */
export async function createStored(
  engine: DockerEngine,
  { kind, value, labels = {} }: { readonly kind: StoredKind; readonly value: Uint8Array; readonly labels?: StringMap },
  call: Operation,
): Promise<string> {
  const requestIdLabel = createRequestIdLabel()
  const Labels = { ...toObjectLabels({ kind }, engine.ownerLabels, labels), ...requestIdLabel }
  const body = { Name: call.subject, Labels, Data: Buffer.from(value).toString('base64') }
  try {
    const created = await withAbortGrace(engine, call, (graceCall) =>
      engine.sendJson<{ readonly ID: string }>({ ...graceCall, method: 'POST', path: `/${kind}s/create`, body }),
    )
    call.undo.add(kind, (own) => sendRemove(engine, kind, { ...call, ...own, subject: created.ID }))
    return created.ID
  } catch (error) {
    if (isHostError(error, 'NAME_CONFLICT')) throw await toConflict(engine, { kind, error }, call)
    if (!hasKnownOutcome(error, call)) {
      call.undo.add(kind, (own) => removeOrphan(engine, { kind, requestIdLabel }, { ...call, ...own }))
    }
    throw error
  }
}

/** Removes the object given by the call's subject. Resolves also when it does not exist. */
export async function removeStored(engine: DockerEngine, kind: StoredKind, call: EngineCall): Promise<void> {
  await sendRemove(engine, kind, call)
}

/** Lists secrets or configs in the format of the contract. */
export async function listStored(
  engine: DockerEngine,
  { kind, filters = {} }: { readonly kind: StoredKind; readonly filters?: object },
  call: EngineCall,
): Promise<readonly StoredObjectInfo[]> {
  const query = { filters }
  const found = await engine.sendJson<readonly SwarmStoredObject[]>({
    ...call,
    method: 'GET',
    path: `/${kind}s`,
    query,
  })
  return found.map(toInfo)
}

async function sendRemove(engine: DockerEngine, kind: StoredKind, call: EngineCall): Promise<void> {
  const path = `/${kind}s/${call.subject}`
  await ignoreErrors([notFound[kind]], engine.sendJson({ ...call, method: 'DELETE', path }))
}

/** Inspects the object given by the call's subject. Rejects with SECRET_NOT_FOUND or CONFIG_NOT_FOUND. */
export function inspectStored(engine: DockerEngine, kind: StoredKind, call: EngineCall): Promise<SwarmStoredObject> {
  return engine.sendJson<SwarmStoredObject>({ ...call, method: 'GET', path: `/${kind}s/${call.subject}` })
}

async function toConflict(
  engine: DockerEngine,
  { kind, error }: { readonly kind: StoredKind; readonly error: unknown },
  call: Operation,
): Promise<unknown> {
  const holder = await ignoreErrors([notFound[kind]], inspectStored(engine, kind, call))
  const sameOwner = isSameOwner(holder?.Spec.Labels, engine.ownerLabels)
  return createHostError('NAME_CONFLICT', { name: call.subject, holderId: holder?.ID, sameOwner }, { cause: error })
}

async function removeOrphan(
  engine: DockerEngine,
  { kind, requestIdLabel }: { readonly kind: StoredKind; readonly requestIdLabel: StringMap },
  call: EngineCall,
): Promise<void> {
  const find = () => ignoreErrors([notFound[kind]], inspectStored(engine, kind, call))
  const made = await poll(find, { limitMs: engine.timeouts.lateResultMs, signal: call.signal })
  if (made !== undefined && hasLabels(made.Spec.Labels, requestIdLabel)) {
    await sendRemove(engine, kind, { ...call, subject: made.ID })
  }
}

function toInfo({ ID: id, CreatedAt, Spec: { Name: name, Labels } }: SwarmStoredObject): StoredObjectInfo {
  return { id, name, labels: Labels ?? {}, createdAt: new Date(CreatedAt) }
}

const notFound = { secret: 'SECRET_NOT_FOUND', config: 'CONFIG_NOT_FOUND' } as const
