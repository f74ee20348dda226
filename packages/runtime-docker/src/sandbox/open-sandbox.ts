import { createUndoStack, type FirewallRules, isHostError, toObjectLabels, withUndoFailures } from '@capstan/core'
import { toContainerName } from '../container/container-shapes.js'
import { type CreateRequest, toEndpointSettings } from '../container/create-body.js'
import { requestContainer } from '../container/create-container.js'
import { inspectContainer } from '../container/inspect-container.js'
import { removeContainer } from '../container/remove-container.js'
import type { InspectedContainer } from '../docker-api.js'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { setRules } from '../firewall/apply-firewall.js'
import { NoRunnerError } from '../firewall/no-runner-error.js'
import { createSandboxRunner } from '../firewall/runners.js'
import { toWorkload } from '../firewall/workload.js'
import { isAnswered } from '../unanswered/is-answered.js'
import { toSandboxBody } from './sandbox-body.js'
import { toSandboxLabels } from './sandbox-labels.js'

/**
 * Starts a sandbox for a container that was not started yet, with the container's whole network, and sets the rules in
 * it; resolves with its id. Where this rejects no sandbox is left.
 *
 * The first image that has the tools is taken: the plugin's `firewallImage`, else the container's own.
 */
export async function openSandbox(engine: DockerEngine, opening: Opening, call: EngineCall): Promise<string> {
  const { firewallImage } = engine.details
  const images = [
    ...(firewallImage === undefined ? [] : [{ image: firewallImage, title: `a sandbox of ${firewallImage}` }]),
    { image: opening.container.Image ?? '', title: 'a sandbox of its own image' },
  ]
  const reasons: string[] = []
  for (const { image, title } of images) {
    try {
      return await openWith(engine, image, opening, call)
    } catch (error) {
      if (!(error instanceof NoRunnerError)) throw error
      reasons.push(`${title}: ${error.reasons.join('; ')}`)
    }
  }
  throw new NoRunnerError(reasons)
}

/** What a sandbox is opened for. */
export interface Opening {
  /** The container, as it is. */
  readonly container: InspectedContainer
  /** How it was created. */
  readonly request: CreateRequest
  readonly rules: FirewallRules
}

/** Sets the rules anew in the sandbox of a container, whether that runs or not. */
export async function setSandboxRules(
  engine: DockerEngine,
  { container, sandboxId, rules }: Pick<Opening, 'container' | 'rules'> & { readonly sandboxId: string },
  call: EngineCall,
): Promise<void> {
  const { NetworkSettings } = await inspectContainer(engine, { ...call, subject: sandboxId })
  const workload = toWorkload({ ...container, ...(NetworkSettings && { NetworkSettings }) }, sandboxId)
  const context = { engine, workload }
  await setRules({ ...context, runners: [createSandboxRunner(context)] }, rules, call)
}

async function openWith(engine: DockerEngine, image: string, opening: Opening, call: EngineCall): Promise<string> {
  const { container, rules } = opening
  const undo = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  try {
    const sandboxId = await createSandbox(engine, image, opening, call)
    undo.add('firewall sandbox', (own) => removeContainer(engine.undoing, sandboxId, own))
    await startSandbox(engine, sandboxId, call)
    await setSandboxRules(engine, { container, sandboxId, rules }, call)
    return sandboxId
  } catch (error) {
    throw withUndoFailures(error, await undo.run())
  }
}

async function createSandbox(
  engine: DockerEngine,
  image: string,
  { container, request }: Opening,
  call: EngineCall,
): Promise<string> {
  const firstId = container.Id
  const labels = { ...toObjectLabels({ kind: 'container' }, engine.ownerLabels), ...toSandboxLabels(firstId) }
  const names = hasNameServer(container) ? [toContainerName(container.Name), firstId.slice(0, 12)] : []
  const body = toSandboxBody(request.body, { image, firstId, labels, names })
  const { platform, later } = request
  const { id } = await requestContainer(engine, { body, platform, name: undefined }, call).catch((error: unknown) => {
    throw isHostError(error, 'IMAGE_NOT_FOUND') ? new NoRunnerError(['the engine does not have it']) : error
  })
  const undo = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  undo.add('firewall sandbox', (own) => removeContainer(engine.undoing, id, own))
  try {
    for (const join of later) {
      const api = await engine.api({ ...call, subject: join.networkId })
      const EndpointConfig = toEndpointSettings({ ...join, aliases: [...(join.aliases ?? []), ...names] })
      await api.getNetwork(join.networkId).connect({ Container: id, EndpointConfig })
    }
    return id
  } catch (error) {
    throw withUndoFailures(error, await undo.run())
  }
}

/** The default network has none, and takes no aliases. */
function hasNameServer({ NetworkSettings }: InspectedContainer): boolean {
  return !Object.keys(NetworkSettings?.Networks ?? {}).includes('bridge')
}

/** Runs already: resolves. */
export async function startSandbox(engine: DockerEngine, sandboxId: string, call: EngineCall): Promise<void> {
  try {
    await (await engine.api({ ...call, subject: sandboxId })).getContainer(sandboxId).start()
  } catch (error) {
    const isImageAtFault = isAnswered(error, call) && isHostError(error, 'COMMAND_NOT_STARTED')
    throw isImageAtFault ? new NoRunnerError(['it has no /bin/sh']) : error
  }
}
