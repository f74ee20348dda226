import type { FirewallRules } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { resolveHost } from '../networks/connect.js'
import type { ContainerNetworking } from '../networks/container-networking.js'
import { denyAll, type EgressFilter, isPermitted } from '../networks/egress-filter.js'

/**
 * Blocks all outgoing connections of a container except those to itself, then permits the destinations of the rules.
 *
 * Then checks that a connection to 192.0.2.1, an address that no host has, is still blocked. When this check fails or a
 * name does not resolve, throws FIREWALL_FAILED, and the outgoing connections stay blocked.
 */
export function applyFirewall(networking: ContainerNetworking, rules: FirewallRules): void {
  const { namespace } = networking
  try {
    const filter = createEgressFilter(networking, rules)
    if (isPermitted(filter, unroutable, 1)) throw createFailure(networking, 'a connection that must fail was permitted')
    namespace.firewall = filter
  } finally {
    const { firewall = denyAll } = namespace
    namespace.destroyConnections(({ address, port }) => !isPermitted(firewall, address, port))
  }
}

function createEgressFilter(
  networking: ContainerNetworking,
  { proxyHost, proxyPort, allow = [], dns = 'none' }: FirewallRules,
): EgressFilter {
  const wanted = [{ host: proxyHost, port: proxyPort }, ...allow]
  // Names are resolved first, because a container with all connections blocked resolves none.
  const destinations = wanted.map(({ host, port }) => ({ host, port, address: resolveHost(networking, host) }))
  networking.namespace.firewall = denyAll
  return {
    resolvesNames: dns === 'engine',
    destinations: destinations.map(({ host, port, address }) => {
      if (address === undefined) throw createFailure(networking, `the name "${host}" does not resolve`)
      return { address, port }
    }),
  }
}

function createFailure({ id }: ContainerNetworking, reason: string): Error {
  return createHostError('FIREWALL_FAILED', { id, reason, containment: 'sealed' })
}

/** An address reserved for documentation (RFC 5737), which no host has. */
const unroutable = '192.0.2.1'
