import { type FirewallRules, isHostError } from '@capstan/core'
import { createUndoStack, toObjectLabels, withUndoFailures } from '@capstan/core/plugin'
import { toEndpointSettings } from '../../containers/create-body.js'
import { inspectContainer } from '../../containers/inspection/inspect-container.js'
import { removeContainer } from '../../containers/remove-container.js'
import { requestContainer } from '../../containers/request-container.js'
import { toContainerName } from '../../engine/container-name.js'
import type { CreateRequest, InspectedContainer } from '../../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { hasKnownOutcome } from '../../engine/has-known-outcome.js'
import { ignoreErrors } from '../../engine/ignore-errors.js'
import { toSandboxLabels } from '../../engine/sandbox-labels.js'
import { setRules } from '../rules/apply-firewall.js'
import { toFirewalledContainer } from '../rules/firewalled-container.js'
import { createNoRunnerError, createSandboxRunner } from '../rules/runners.js'
import { toAliasesIn, toSandboxBody } from './sandbox-body.js'

/**
 * Starts a sandbox with the networks of a container that was not started yet, sets the rules in it, and resolves with
 * its id. When it rejects, no sandbox is left.
 *
 * The image of the sandbox is the first that has the tools: the plugin's `firewallImage`, or the container's own image.
 */
export async function startNewSandbox(engine: DockerEngine, start: SandboxedStart, call: EngineCall): Promise<string> {
  const { firewallImage } = engine.details
  const images = [
    ...(firewallImage === undefined ? [] : [{ image: firewallImage, title: `a sandbox of ${firewallImage}` }]),
    { image: start.container.Image ?? '', title: 'a sandbox of its own image' },
  ]
  const reasons: string[] = []
  for (const { image, title } of images) {
    const tried = await tryImage(engine, image, start, call)
    if ('sandboxId' in tried) return tried.sandboxId
    reasons.push(`${title}: ${tried.reasons.join('; ')}`)
  }
  throw createNoRunnerError(reasons)
}

/** The container that a sandbox is created for, its create request and its rules. */
export interface SandboxedStart {
  readonly container: InspectedContainer
  readonly request: CreateRequest
  readonly rules: FirewallRules
}

/** Starts a sandbox. Resolves if it already runs. */
export async function startSandbox(engine: DockerEngine, sandboxId: string, call: EngineCall): Promise<void> {
  await (await engine.api({ ...call, subject: sandboxId })).getContainer(sandboxId).start()
}

/** Sets the rules in the sandbox of a container, whether the container runs or not. Resolves as {@link setRules} does. */
export async function setSandboxRules(
  engine: DockerEngine,
  { container, sandboxId, rules }: Pick<SandboxedStart, 'container' | 'rules'> & { readonly sandboxId: string },
  call: EngineCall,
): Promise<readonly string[] | undefined> {
  const { NetworkSettings } = await inspectContainer(engine, { ...call, subject: sandboxId })
  const inSandbox = { ...container, ...(NetworkSettings && { NetworkSettings }) }
  const context = { engine, container: toFirewalledContainer(inSandbox, sandboxId) }
  return await setRules({ ...context, runners: [createSandboxRunner(context)] }, rules, call)
}

/** Resolves with reasons when the image cannot be used. No sandbox is left then, nor when this rejects. */
async function tryImage(
  engine: DockerEngine,
  image: string,
  start: SandboxedStart,
  call: EngineCall,
): Promise<{ readonly sandboxId: string } | { readonly reasons: readonly string[] }> {
  const { container, request, rules } = start
  const aliases = toAliases(container)
  const undo = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  try {
    const sandboxId = await createSandbox(engine, { image, container, request, aliases }, call)
    undo.add('firewall sandbox', (own) => removeContainer(engine, sandboxId, own))
    for (const networkId of request.leftNetworks ?? []) {
      const api = await engine.api({ ...call, subject: networkId })
      const left = api.getNetwork(networkId).disconnect({ Container: sandboxId })
      await ignoreErrors(['NETWORK_NOT_FOUND'], left)
    }
    for (const { networkId, aliases: own = [], ...join } of request.laterNetworks) {
      const EndpointConfig = toEndpointSettings({ ...join, aliases: [...own, ...toAliasesIn(networkId, aliases)] })
      const api = await engine.api({ ...call, subject: networkId })
      await api.getNetwork(networkId).connect({ Container: sandboxId, EndpointConfig })
    }
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
  return isHostError(error, 'COMMAND_NOT_STARTED') && hasKnownOutcome(error, call) ? 'it has no /bin/sh' : undefined
}

interface CreateSandboxOptions extends Omit<SandboxedStart, 'rules'> {
  readonly image: string
  readonly aliases: readonly string[]
}

async function createSandbox(
  engine: DockerEngine,
  { image, container: { Id: firstId }, request, aliases }: CreateSandboxOptions,
  call: EngineCall,
): Promise<string> {
  const labels = { ...toObjectLabels({ kind: 'container' }, engine.ownerLabels), ...toSandboxLabels(firstId) }
  const body = toSandboxBody(request.body, { image, firstId, labels, aliases })
  return (await requestContainer(engine, { body, platform: request.platform }, call)).id
}

/** The names by which other containers find this one. */
export function toAliases({ Id, Name }: Pick<InspectedContainer, 'Id' | 'Name'>): readonly string[] {
  return [toContainerName(Name), Id.slice(0, 12)]
}
