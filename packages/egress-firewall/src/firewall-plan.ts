import { isIP } from 'node:net'
import type { FirewallRules } from '@capstan/core'

/** What a firewall leaves open, in addresses. All other packets of the container are dropped, except on its loopback. */
export interface FirewallPlan {
  /** TCP destinations. */
  readonly destinations: readonly Destination[]
  /** Name servers that may be queried, on port 53 by UDP and TCP. */
  readonly nameServers: readonly string[]
  /** An IPv4 address on the loopback interface that is blocked, such as that of the engine's resolver. */
  readonly blockedResolver?: string | undefined
  /** Whether replies to connections from outside may leave. */
  readonly allowsReplies: boolean
  /** An IPv4 address that the script tries to reach; the trial must fail. `undefined`: no trial. */
  readonly witness?: string | undefined
}

export interface Destination {
  readonly address: string
  readonly port: number
}

/** Leaves nothing open but the loopback interface. */
export const sealPlan: FirewallPlan = { destinations: [], nameServers: [], allowsReplies: false }

/** What a runtime knows of the container's network, and how it resolves names there. */
export interface PlanOptions {
  /** Finds the addresses of a host name; empty where there are none. Not called for an address. */
  readonly resolveHost: (host: string) => Promise<readonly string[]>
  /** Lists the name servers that resolve names for the container. Called where the rules allow DNS. */
  readonly listNameServers: () => Promise<readonly string[]>
  /** The engine's resolver on the container's loopback interface. It is blocked unless the rules allow DNS. */
  readonly localResolver?: string
  readonly witness?: string
}

/** Replaces the names in the rules by addresses. Rejects where a name has none. */
export async function planFirewall(rules: FirewallRules, options: PlanOptions): Promise<FirewallPlan> {
  const { proxyHost, proxyPort, allow = [], dns = 'none' } = rules
  const destinations = new Map<string, Destination>()
  for (const { host, port } of [{ host: proxyHost, port: proxyPort }, ...allow]) {
    for (const address of await resolve(host, options)) destinations.set(`${address} ${port}`, { address, port })
  }
  return {
    destinations: [...destinations.values()],
    nameServers: dns === 'none' ? [] : await options.listNameServers(),
    blockedResolver: dns === 'none' ? options.localResolver : undefined,
    allowsReplies: true,
    witness: options.witness,
  }
}

async function resolve(host: string, { resolveHost }: PlanOptions): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  const addresses = (await resolveHost(host)).filter((address) => isIP(address) !== 0)
  if (addresses.length > 0) return addresses
  const remedy = 'give its address, or a name that the container or this machine can resolve'
  throw new Error(`no address is known for "${host}"; ${remedy}`)
}
