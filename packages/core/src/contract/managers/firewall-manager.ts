import { type Capability, defineCapability } from '../capability.js'
import type { OperationOptions } from '../operation.js'

/** Restricts what containers can reach. */
export interface FirewallManager {
  /**
   * Blocks all outgoing traffic of a container except to `proxyHost:proxyPort` and the destinations in `allow`, for IPv4
   * and IPv6, and verifies it.
   *
   * A container that was not started yet: the rules are stored and set at its first start. A running one: they are set at
   * once. They last until the container stops, and this runtime sets them again at each later start. Exited: NOT_RUNNING.
   * Gone: CONTAINER_NOT_FOUND.
   *
   * `startContainer` and `startAttached` set and verify stored rules before the first instruction of the process. A start
   * that cannot do so rejects with FIREWALL_FAILED, and the process has reached nothing. The container may have no network
   * in the first moments of a later start. Where `unsupportedOptions` names `firewall.beforeStart`, stored rules are set right after
   * the start instead: the process can reach others until then, and a process that ends before that is FIREWALL_FAILED.
   *
   * Rules that cannot be set or verified: FIREWALL_FAILED, after the container was cut off by the strongest means
   * available; `containment` says which.
   *
   * Aborted: the container is cut off and everything made for the rules is removed, within 30 s; then the call rejects
   * with the signal's reason. Objects that could not be removed are named in a warning and carry the labels of their owner.
   */
  setupFirewall(id: string, rules: FirewallRules, options?: OperationOptions): Promise<void>
}

/** Rules for outgoing traffic of containers. */
export const firewallManagerCapability: Capability<FirewallManager, 'firewall.beforeStart'> = defineCapability({
  id: 'firewall-manager',
  title: 'egress firewalls',
  refusable: {
    'firewall.beforeStart': 'stored rules before the first instruction; if refused, they are set right after the start',
  },
})

/** The destinations that `setupFirewall` leaves open. */
export interface FirewallRules {
  /** A name or an address. */
  readonly proxyHost: string
  /** 1…65535, TCP. */
  readonly proxyPort: number
  /** Further destinations, TCP. Default: none. */
  readonly allow?: readonly FirewallDestination[]
  /**
   * `engine`: the container can ask the engine's resolver, which is a way to send data out. Default `none`: `proxyHost` is
   * resolved before the rules are set.
   */
  readonly dns?: 'none' | 'engine'
}

/** One further destination: a name or an address, and a TCP port (1…65535). */
export interface FirewallDestination {
  readonly host: string
  readonly port: number
}
