import { isIPv6 } from 'node:net'
import type { FirewallPlan } from './firewall-plan.js'

/** IPv4 or IPv6. */
export type Family = 4 | 6

/**
 * Returns the rules of the OUTPUT chain of one family, in order, as `iptables -S` prints them without `-A OUTPUT`. A packet that
 * matches no rule is dropped by the chain's policy. Pure.
 */
export function toOutputRules(plan: FirewallPlan, family: Family): readonly string[] {
  const { blockedResolver, allowsReplies } = plan
  const destinations = plan.destinations.filter(({ address }) => toFamily(address) === family)
  const servers = plan.nameServers.filter((address) => toFamily(address) === family)
  return [
    // Without a port: the engine redirects port 53 to another one before the packet reaches this chain.
    ...(blockedResolver !== undefined && family === 4 ? [`-d ${blockedResolver}/32 -j DROP`] : []),
    '-o lo -j ACCEPT',
    ...(allowsReplies ? [replyRule] : []),
    ...destinations.map(({ address, port }) => toAccept(address, 'tcp', port)),
    ...servers.flatMap((address) => [toAccept(address, 'udp', 53), toAccept(address, 'tcp', 53)]),
    ...(family === 6 && destinations.length + servers.length > 0 ? neighbourRules : []),
  ]
}

/**
 * The first rule of INPUT, which the rule for replies needs; `undefined` if replies are not allowed. Pure.
 *
 * conntrack may not know a connection that the container opened before the rules were set. The next packet from outside
 * would then count as the first of a connection from outside, and the container's packets as replies to it.
 */
export function toInputRule({ allowsReplies }: FirewallPlan): string | undefined {
  return allowsReplies ? newConnectionRule : undefined
}

function toFamily(address: string): Family {
  return isIPv6(address) ? 6 : 4
}

function toAccept(address: string, protocol: 'tcp' | 'udp', port: number): string {
  const host = `${address}/${toFamily(address) === 6 ? 128 : 32}`
  return `-d ${host} -p ${protocol} -m ${protocol} --dport ${port} -j ACCEPT`
}

/** Has the direction, because connections that the container has already opened must not continue. */
const replyRule = '-m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY -j ACCEPT'

/** Drops a TCP packet that conntrack takes for a new connection although it is not the first packet of one. */
const newConnectionRule = '-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP'

/** Allows neighbour solicitation and advertisement, without which no IPv6 address of the local network is reachable. */
const neighbourRules = [135, 136].map((type) => `-p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT`)
