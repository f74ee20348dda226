import { isIPv6 } from 'node:net'

/** What is to be left open, in addresses: nothing of it has to be resolved any more. */
export interface FirewallPlan {
  /** TCP destinations. */
  readonly destinations: readonly Destination[]
  /** The engine's resolver may be asked, and asks these itself, from inside the container's namespace. */
  readonly dns: 'none' | { readonly nameServers: readonly string[] }
  /** An address that would answer if there were no rules: what must fail afterwards. */
  readonly witness: string
}

export interface Destination {
  readonly address: string
  readonly port: number
}

/** One rule as `iptables -S` prints it, without `-A` and the chain. */
export type Rule = readonly string[]

export type Family = 4 | 6

/**
 * The OUTPUT chain of one family, in order; all else falls to its policy, DROP.
 *
 * Replies alone are let out, not what the container began before: `ESTABLISHED` without the direction would keep open
 * every connection that it had.
 */
export function toOutputRules({ destinations, dns }: FirewallPlan, family: Family): readonly Rule[] {
  const own = destinations.filter(({ address }) => toFamily(address) === family)
  const servers = dns === 'none' ? [] : dns.nameServers.filter((address) => toFamily(address) === family)
  return [
    // By address: the engine's redirection in the nat table has changed the port by now.
    ...(dns === 'none' && family === 4 ? [['-d', `${engineResolver}/32`, '-j', 'DROP']] : []),
    ['-o', 'lo', '-j', 'ACCEPT'],
    ['-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '--ctdir', 'REPLY', '-j', 'ACCEPT'],
    ...own.map(({ address, port }) => toAccept(address, 'tcp', port)),
    ...servers.flatMap((address) => [toAccept(address, 'udp', 53), toAccept(address, 'tcp', 53)]),
    ...(family === 6 && own.length + servers.length > 0 ? neighbourDiscovery : []),
  ]
}

/**
 * The first rule of INPUT: a connection that was begun before the rules, and forgotten by conntrack, does not come back
 * as one that the other side began.
 */
export const inputRule: Rule = [
  ...['-p', 'tcp', '-m', 'tcp', '!', '--tcp-flags', 'FIN,SYN,RST,ACK', 'SYN'],
  ...['-m', 'conntrack', '--ctstate', 'NEW', '-j', 'DROP'],
]

function toFamily(address: string): Family {
  return isIPv6(address) ? 6 : 4
}

function toAccept(address: string, protocol: 'tcp' | 'udp', port: number): Rule {
  const host = `${address}/${toFamily(address) === 6 ? 128 : 32}`
  return ['-d', host, '-p', protocol, '-m', protocol, '--dport', String(port), '-j', 'ACCEPT']
}

/** Without it no IPv6 address of the own network is found. It reaches no further than that. */
const neighbourDiscovery: readonly Rule[] = [135, 136].map((type) => {
  return ['-p', 'ipv6-icmp', '-m', 'icmp6', '--icmpv6-type', String(type), '-j', 'ACCEPT']
})

/** https://docs.docker.com/engine/network/#dns-services */
export const engineResolver = '127.0.0.11'
