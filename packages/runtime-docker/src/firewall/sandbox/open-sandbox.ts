import { createUndoStack, type FirewallRules, isHostError, toObjectLabels, withUndoFailures } from '@capstan/core'
import { toContainerName } from '../../container/container-shapes.js'
import { type CreateRequest, toEndpointSettings } from '../../container/create-body.js'
import { requestContainer } from '../../container/create-container.js'
import { inspectContainer } from '../../container/inspect-container.js'
import { removeContainer } from '../../container/remove-container.js'
import type { InspectedContainer } from '../../docker-api.js'
import type { DockerEngine, EngineCall } from '../../docker-engine.js'
import { toSandboxLabels } from '../../engine/sandbox-labels.js'
import { isAnswered } from '../../unanswered/is-answered.js'
import { setRules } from '../rules/apply-firewall.js'
import { createNoRunnerError } from '../rules/no-runner-error.js'
import { createSandboxRunner } from '../rules/runners.js'
import { toWorkload } from '../rules/workload.js'
import { toSandboxBody } from './sandbox-body.js'

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
    const opened = await openWith(engine, image, opening, call)
    if ('sandboxId' in opened) return opened.sandboxId
    reasons.push(`${title}: ${opened.reasons.join('; ')}`)
  }
  throw createNoRunnerError(reasons)
}

/** What a sandbox is opened for. */
export interface Opening {
  /** The container, as it is. */
  readonly container: InspectedContainer
  /** How it was created. */
  readonly request: CreateRequest
  readonly rules: FirewallRules
}

/** Sets the rules in the sandbox of a container, which may run. Resolves as {@link setRules} does. */
export async function setSandboxRules(
  engine: DockerEngine,
  { container, sandboxId, rules }: Pick<Opening, 'container' | 'rules'> & { readonly sandboxId: string },
  call: EngineCall,
): Promise<readonly string[] | undefined> {
  const { NetworkSettings } = await inspectContainer(engine, { ...call, subject: sandboxId })
  const workload = toWorkload({ ...container, ...(NetworkSettings && { NetworkSettings }) }, sandboxId)
  const context = { engine, workload }
  return setRules({ ...context, runners: [createSandboxRunner(context)] }, rules, call)
}

/** Resolves with reasons where the image does not serve. No sandbox is left then, or where this rejects. */
async function openWith(
  engine: DockerEngine,
  image: string,
  opening: Opening,
  call: EngineCall,
): Promise<{ readonly sandboxId: string } | { readonly reasons: readonly string[] }> {
  const { container, rules } = opening
  const undo = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  try {
    const sandboxId = await createSandbox(engine, image, opening, call)
    undo.add('firewall sandbox', (own) => removeContainer(engine, sandboxId, own))
    await startSandbox(engine, sandboxId, call)
    const reasons = await setSandboxRules(engine, { container, sandboxId, rules }, call)
    if (reasons === undefined) return { sandboxId }
    await undo.run()
    return { reasons }
  } catch (error) {
    const failures = await undo.run()
    const reason = findImageFault(error, call)
    if (reason === undefined) throw withUndoFailures(error, failures)
    return { reasons: [reason] }
  }
}

function findImageFault(error: unknown, call: EngineCall): string | undefined {
  if (isHostError(error, 'IMAGE_NOT_FOUND')) return 'the engine does not have it'
  return isHostError(error, 'COMMAND_NOT_STARTED') && isAnswered(error, call) ? 'it has no /bin/sh' : undefined
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
  const { id } = await requestContainer(engine, { body, platform, name: undefined }, call)
  const undo = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  undo.add('firewall sandbox', (own) => removeContainer(engine, id, own))
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
  await (await engine.api({ ...call, subject: sandboxId })).getContainer(sandboxId).start()
}
