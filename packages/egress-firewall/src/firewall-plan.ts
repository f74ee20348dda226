import { isIP } from 'node:net'
import type { FirewallRules } from '@capstan/core'

/** The addresses that a container may send packets to. All others are dropped, except on its loopback interface. */
export interface FirewallPlan {
  /** TCP destinations. */
  readonly destinations: readonly Destination[]
  /** Name servers that it may query on port 53, by UDP and TCP. */
  readonly nameServers: readonly string[]
  /** An IPv4 address on the loopback interface that is blocked, such as that of the engine's resolver. */
  readonly blockedResolver?: string | undefined
  /** Whether replies to connections from outside are allowed. */
  readonly allowsReplies: boolean
  /** An IPv4 address to which the script sends a packet to test that it is dropped. `undefined`: no test. */
  readonly testAddress?: string | undefined
}

export interface Destination {
  readonly address: string
  readonly port: number
}

/** Allows only the loopback interface. */
export const sealPlan: FirewallPlan = { destinations: [], nameServers: [], allowsReplies: false }

/** How a runtime resolves names for a container, and addresses of its network. */
export interface PlanOptions {
  /** Resolves with the addresses of a host name, or with an empty list. Not called for an address. */
  readonly resolveHost: (host: string) => Promise<readonly string[]>
  /** Lists the name servers that resolve names for the container. Called only if the rules allow DNS. */
  readonly listNameServers: () => Promise<readonly string[]>
  /** The engine's resolver on the container's loopback interface. It is blocked unless the rules allow DNS. */
  readonly localResolver?: string
  /** See {@link FirewallPlan.testAddress}. */
  readonly testAddress?: string
}

/** Replaces the names in the rules by addresses. Rejects if a name has none. */
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
    testAddress: options.testAddress,
  }
}

async function resolve(host: string, { resolveHost }: PlanOptions): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  const addresses = (await resolveHost(host)).filter((address) => isIP(address) !== 0)
  if (addresses.length > 0) return addresses
  throw new Error(`no address was found for "${host}": give its address, or a name that can be resolved`)
}
