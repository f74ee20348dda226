import { readFile } from 'node:fs/promises'
import type { FirewallRules } from '@capstan/core'
import { type FirewallPlan, findNameServers, isRemoteAddress, planFirewall } from '@capstan/egress-firewall'
import type { EngineCall } from '../../engine/docker-engine.js'
import { readContainerFile } from './container-file.js'
import { type ResolveContext, resolveHost } from './resolve-host.js'

/** Replaces the names in the rules by addresses, as the container resolves them. Rejects where a name has none. */
export function makePlan(context: ResolveContext, rules: FirewallRules, call: EngineCall): Promise<FirewallPlan> {
  return planFirewall(rules, {
    resolveHost: (host) => resolveHost(context, host, call),
    listNameServers: () => listNameServers(context, call),
    localResolver: engineResolver,
    testAddress: toTestAddress(context),
  })
}

/**
 * Lists the name servers that the engine's resolver asks. It asks them from the container's namespace, so the rules
 * apply to it. They are in the container's configuration, or else in its `resolv.conf`, or else, if the engine runs on
 * this machine, in that of this machine.
 */
async function listNameServers({ engine, container }: ResolveContext, call: EngineCall): Promise<readonly string[]> {
  if (container.nameServers.length > 0) return container.nameServers.filter(isRemoteAddress)
  const own = findNameServers((await readContainerFile(engine, container.id, '/etc/resolv.conf', call)) ?? '')
  if (own.length > 0 || engine.details.facts.location !== 'this-machine') return own
  return findNameServers(await readFile('/etc/resolv.conf', 'utf8').catch(() => ''))
}

/**
 * Returns the address to which the verification sends a packet that the rules must block: a gateway, or else an address
 * that is never used (RFC 5737).
 */
function toTestAddress({ container }: ResolveContext): string {
  const gateways = container.attachments.flatMap((attachment) => attachment.gateways)
  return gateways.find((address) => !address.includes(':')) ?? '192.0.2.1'
}

/** https://docs.docker.com/engine/network/#dns-services */
const engineResolver = '127.0.0.11'
