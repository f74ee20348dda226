import type { FirewallRules } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { type Origin, resolveHost } from '../networks/connect.js'
import { denyAll, type EgressFilter, isPermitted } from '../networks/egress-filter.js'

/**
 * Seals a container, then permits the destinations of the rules, and verifies that no other is permitted.
 *
 * When a name does not resolve, it throws FIREWALL_FAILED and the container stays sealed.
 */
export function applyFirewall(origin: Origin, rules: FirewallRules): void {
  const { namespace } = origin
  try {
    namespace.firewall = createEgressFilter(origin, rules)
    if (isPermitted(namespace.firewall, unroutable, 1))
      throw createFailure(origin, 'a connection that must fail was permitted')
  } finally {
    const { firewall = denyAll } = namespace
    namespace.destroyConnections(({ address, port }) => !isPermitted(firewall, address, port))
  }
}

function createEgressFilter(
  origin: Origin,
  { proxyHost, proxyPort, allow = [], dns = 'none' }: FirewallRules,
): EgressFilter {
  const wanted = [{ host: proxyHost, port: proxyPort }, ...allow]
  // Names are resolved before the container is sealed, because a sealed container resolves none.
  const destinations = wanted.map(({ host, port }) => ({ host, port, address: resolveHost(origin, host) }))
  origin.namespace.firewall = denyAll
  return {
    resolvesNames: dns === 'engine',
    destinations: destinations.map(({ host, port, address }) => {
      if (address === undefined) throw createFailure(origin, `the name "${host}" does not resolve`)
      return { address, port }
    }),
  }
}

function createFailure({ id }: Origin, reason: string): Error {
  return createHostError('FIREWALL_FAILED', { id, reason, containment: 'sealed' })
}

/** An address reserved for documentation (RFC 5737), which no host has. */
const unroutable = '192.0.2.1'
