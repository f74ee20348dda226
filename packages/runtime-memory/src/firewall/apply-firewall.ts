import type { FirewallRules } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { type Origin, resolveHost } from '../networks/connect.js'
import { denyAll, type EgressFilter, isPermitted } from '../networks/egress-filter.js'

/**
 * Seals the container, then opens the way to what the rules name, and verifies that nothing else is open.
 *
 * A name that does not resolve: FIREWALL_FAILED, and the container stays sealed.
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
  // Names resolve before the seal is set, and by it no more.
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

/** Of the block for documentation (RFC 5737): nothing is there. */
const unroutable = '192.0.2.1'
