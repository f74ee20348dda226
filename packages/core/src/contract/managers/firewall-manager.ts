import { type Capability, defineCapability } from '../capability.js'
import type { OperationOptions } from '../operation.js'

/** Restricts the outgoing traffic of containers. */
export interface FirewallManager {
  /**
   * Blocks all outgoing IPv4 and IPv6 traffic of a container except to `proxyHost:proxyPort` and to the destinations in
   * `allow`. Resolves when the rules are set and verified.
   *
   * If the container has not been started, the rules are stored and set at its first start. If it is running, they are set
   * immediately. The rules last until the container stops. Each later start by this open `Runtime` sets them again.
   *
   * `startContainer` and `startAttached` set and verify stored rules before the first instruction of the process. If
   * they cannot, the start rejects with FIREWALL_FAILED and the process has not run with network access. At a later
   * start the process may run without a network until the rules are set. Where `unsupportedOptions` contains
   * `firewall.beforeStart`, stored rules are set right after the start instead: the process has unrestricted access
   * until then, and the start rejects with FIREWALL_FAILED when the process ends before that.
   *
   * On an abort, the traffic of the container is blocked and everything created for the rules is removed, within 30 s.
   * Then the call rejects with the signal's reason. Objects that could not be removed are named in a warning; they have the
   * labels of their owner.
   *
   * @throws HostError FIREWALL_FAILED when the rules cannot be set or verified; the runtime has then blocked the
   * traffic of the container, disconnected it or killed it: see `facts.containment`. NOT_RUNNING for a container that has exited.
   * CONTAINER_NOT_FOUND.
   */
  setupFirewall(id: string, rules: FirewallRules, options?: OperationOptions): Promise<void>
}

/** The capability of restricting the outgoing traffic of containers. */
export const firewallManagerCapability: Capability<FirewallManager, 'firewall.beforeStart'> = defineCapability({
  id: 'firewall-manager',
  title: 'egress firewalls',
  options: {
    'firewall.beforeStart': 'stored rules before the first instruction; without it, they are set right after the start',
  },
})

/** The destinations that `setupFirewall` allows: an HTTP proxy of the application, and those in `allow`. */
export interface FirewallRules {
  /** The host name or IP address of the proxy. */
  readonly proxyHost: string
  /** A TCP port, 1 to 65535. */
  readonly proxyPort: number
  /** Additional destinations. Default: none. */
  readonly allow?: readonly FirewallDestination[]
  /**
   * `none`: DNS is blocked, and host names in the rules are resolved before the rules are set. `engine`: the container can
   * query the engine's resolver, through which it can also send data out. Default `none`.
   */
  readonly dns?: 'none' | 'engine'
}

/** An additional allowed destination. */
export interface FirewallDestination {
  /** A host name or an IP address. */
  readonly host: string
  /** A TCP port, 1 to 65535. */
  readonly port: number
}
