import { readFile } from 'node:fs/promises'
import type { FirewallRules } from '@capstan/core'
import type { EngineCall } from '../docker-engine.js'
import { readContainerFile } from './container-file.js'
import type { Destination, FirewallPlan } from './firewall-plan.js'
import { findNameServers, isOutside } from './host-files.js'
import { type ResolveContext, resolveHost } from './resolve-host.js'

/** The rules in addresses. A name that nobody knows rejects: there is nothing that could be let through. */
export async function makePlan(context: ResolveContext, rules: FirewallRules, call: EngineCall): Promise<FirewallPlan> {
  const wanted = [{ host: rules.proxyHost, port: rules.proxyPort }, ...(rules.allow ?? [])]
  const destinations: Destination[] = []
  for (const { host, port } of wanted) {
    const addresses = await resolveHost(context, host, call)
    if (addresses.length === 0) throw new UnknownHostError(host)
    destinations.push(...addresses.map((address) => ({ address, port })))
  }
  const dns = rules.dns === 'engine' ? { nameServers: await listNameServers(context, call) } : 'none'
  return { destinations: unique(destinations), dns, witness: toWitness(context) }
}

/** A name of the rules that has no address. */
class UnknownHostError extends Error {
  constructor(host: string) {
    super(
      `no address is known for "${host}"; give its address, or a name that the container or this machine can resolve`,
    )
    this.name = 'UnknownHostError'
  }
}

/**
 * Whom the engine's resolver asks: it does so from inside the container's namespace, so the rules would stop it. Known
 * by the container's configuration, by its `resolv.conf`, else by that of this machine, if the engine runs on it.
 */
async function listNameServers({ engine, workload }: ResolveContext, call: EngineCall): Promise<readonly string[]> {
  if (workload.nameServers.length > 0) return workload.nameServers.filter(isOutside)
  const own = findNameServers((await readContainerFile(engine, workload.id, '/etc/resolv.conf', call)) ?? '')
  if (own.length > 0 || engine.details.facts.location !== 'this-machine') return own
  return findNameServers(await readFile('/etc/resolv.conf', 'utf8').catch(() => ''))
}

/** The gateway answers from next door; where there is none, an address that is nobody's (RFC 5737). */
function toWitness({ workload }: ResolveContext): string {
  const gateways = workload.attachments.flatMap((attachment) => attachment.gateways)
  return gateways.find((address) => !address.includes(':')) ?? '192.0.2.1'
}

function unique(destinations: readonly Destination[]): readonly Destination[] {
  return [...new Map(destinations.map((one) => [`${one.address} ${one.port}`, one])).values()]
}
