import { createHostError, type Operation } from '@capstan/core/plugin'
import type { InspectedContainer, InspectedNetwork } from '../engine/docker-api.js'
import type { DockerEngine } from '../engine/docker-engine.js'
import { toReason } from '../engine/engine-text.js'
import { applyFirewall } from './rules/apply-firewall.js'
import { sealContainer } from './rules/contain.js'

/**
 * Connects a container to a network by `connect`, so that the firewall rules of a running container apply there.
 *
 * The rules of a running container apply to all of its networks, also to later ones. A container without a network may have no
 * rules, because a failed `setupFirewall` disconnects it. So it is sealed first, and gets its rules after it is connected.
 *
 * Rejects with FIREWALL_FAILED when it cannot be sealed, and for a network with IPv6 if the container had no IPv6: its rules may
 * have been set without those for IPv6.
 */
export async function withRules(
  engine: DockerEngine,
  { container, network }: { readonly container: InspectedContainer; readonly network: InspectedNetwork },
  call: Operation,
  connect: () => Promise<void>,
): Promise<void> {
  const { Id: id, State, NetworkSettings } = container
  const rules = engine.containers.settings.find(id)?.rules
  if (rules === undefined || State?.Running !== true) return await connect()
  const attachments = Object.entries(NetworkSettings?.Networks ?? {})
  const isDisconnected = attachments.every(([name]) => name === 'none')
  const hasIPv6 = attachments.some(([, { GlobalIPv6Address }]) => Boolean(GlobalIPv6Address))
  if (!isDisconnected && !hasIPv6 && network.IPAM?.Config?.some(({ Subnet }) => Subnet?.includes(':'))) {
    const reason =
      'its rules may not cover IPv6, which the network has: stop the container and connect it before its start'
    throw createHostError('FIREWALL_FAILED', { id, reason, containment: 'unchanged' })
  }
  if (!isDisconnected) return await connect()
  const own = { ...call, subject: id }
  try {
    await sealContainer(engine, own)
  } catch (cause) {
    call.signal.throwIfAborted()
    throw createHostError('FIREWALL_FAILED', { id, reason: toReason(cause), containment: 'disconnected' }, { cause })
  }
  const api = await engine.api(own)
  for (const [name] of attachments) await api.getNetwork(name).disconnect({ Container: id, Force: true })
  await connect()
  await applyFirewall(engine, id, rules, { signal: call.signal })
}
