import { type ConvergeOptions, type HostError, isHostError, type JobConfig, type ServiceConfig } from '@capstan/core'
import {
  createHostError,
  createRequestIdLabel,
  hasLabels,
  isSameOwner,
  type Operation,
  poll,
  type StringMap,
} from '@capstan/core/plugin'
import { inspectNetwork } from '../containers/join-networks.js'
import { withAbortGrace } from '../engine/abort-grace.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { hasKnownOutcome } from '../engine/has-known-outcome.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { waitUntilConverged } from './converge.js'
import { removeService } from './remove-service.js'
import { toServiceSpec } from './service-spec.js'
import { inspectSwarmService } from './services.js'
import type { ServiceSpec } from './swarm-answers.js'
import { toPullHeaders } from './task-template.js'

/** Creates a service, waits until it has converged, and resolves with its id. A service that does not converge is removed. */
export async function createService(
  engine: DockerEngine,
  config: ServiceConfig,
  options: ConvergeOptions,
  call: Operation,
): Promise<string> {
  const spec = await toServiceSpec(engine, config, call)
  const id = await sendCreateService(engine, { spec, config }, call)
  await waitUntilConverged(engine, { id, earlier: undefined }, options, call)
  return id
}

/**
 * Sends the settings of a new service and resolves with its id. Adds the step to `undo` that removes the service. After an abort or a
 * lost answer that step finds it by the label of the request.
 */
export async function sendCreateService(
  engine: DockerEngine,
  { spec, config }: NewService,
  call: Operation,
): Promise<string> {
  const headers = await toPullHeaders(engine, config.image, call)
  const requestIdLabel = createRequestIdLabel()
  const body = { ...spec, Labels: { ...spec.Labels, ...requestIdLabel } }
  const about = { ...call, subject: spec.Name }
  try {
    const created = await withAbortGrace(engine, call, (graceCall) =>
      engine.sendJson<{ readonly ID: string }>({
        ...graceCall,
        method: 'POST',
        path: '/services/create',
        body,
        ...(headers && { headers }),
      }),
    )
    call.undo.add('service', (own) => removeService(engine, { ...about, ...own, subject: created.ID }))
    return created.ID
  } catch (error) {
    if (isHostError(error, 'NAME_CONFLICT')) throw await toConflict(engine, error, about)
    if (isHostError(error, 'INVALID_ARGUMENT')) throw await withNetworkIndex(engine, { error, config }, about)
    if (!hasKnownOutcome(error, call)) {
      call.undo.add('service', (own) => removeOrphan(engine, requestIdLabel, { ...about, ...own }))
    }
    throw error
  }
}

/** The settings of a new service, and the config that they are from. */
export interface NewService {
  readonly spec: ServiceSpec
  readonly config: JobConfig
}

async function toConflict(engine: DockerEngine, cause: unknown, call: EngineCall): Promise<unknown> {
  const holder = await ignoreErrors(['SERVICE_NOT_FOUND'], inspectSwarmService(engine, call))
  const sameOwner = isSameOwner(holder?.Spec.Labels, engine.ownerLabels)
  return createHostError('NAME_CONFLICT', { name: call.subject, holderId: holder?.ID, sameOwner }, { cause })
}

/** Adds the index of the first network that only one engine has. The swarm reports its name, and the config may have its id. */
async function withNetworkIndex(
  engine: DockerEngine,
  { error, config: { networks = [] } }: { readonly error: HostError<'INVALID_ARGUMENT'>; readonly config: JobConfig },
  call: EngineCall,
): Promise<unknown> {
  if (error.facts.field !== 'networks') return error
  const found = await Promise.all(
    networks.map((subject) => ignoreErrors(['NETWORK_NOT_FOUND'], inspectNetwork(engine, { ...call, subject }))),
  )
  const index = found.findIndex((network) => network?.Scope === 'local' && !predefinedNetworks.has(network.Name))
  if (index === -1) return error
  const facts = { ...error.facts, field: `networks[${index}]`, given: JSON.stringify(networks[index]) }
  return createHostError('INVALID_ARGUMENT', facts, { cause: error.cause })
}

async function removeOrphan(engine: DockerEngine, requestIdLabel: StringMap, call: EngineCall): Promise<void> {
  const find = () => ignoreErrors(['SERVICE_NOT_FOUND'], inspectSwarmService(engine, call))
  const made = await poll(find, { limitMs: engine.timeouts.lateResultMs, signal: call.signal })
  if (made !== undefined && hasLabels(made.Spec.Labels, requestIdLabel)) {
    await removeService(engine, { ...call, subject: made.ID })
  }
}

/** The networks that each engine has and that services may join. */
const predefinedNetworks: ReadonlySet<string | undefined> = new Set(['bridge', 'host', 'none'])
