import { isIPv6 } from 'node:net'

/** What is to be left open, in addresses. */
export interface OpenWays {
  readonly destinations: readonly { readonly address: string; readonly port: number }[]
  /** Name servers that may be asked. */
  readonly nameServers: readonly string[]
}

export type Family = 4 | 6

/** The OUTPUT chain of one family, as arguments of `iptables -A OUTPUT`; what none of them lets out is dropped. */
export function toOutputRules({ destinations, nameServers }: OpenWays, family: Family): readonly string[] {
  const isOfFamily = (address: string) => isIPv6(address) === (family === 6)
  const [own, servers] = [destinations.filter(({ address }) => isOfFamily(address)), nameServers.filter(isOfFamily)]
  return [
    '-o lo -j ACCEPT',
    // Answers to those who came in by a published port; nothing that the container itself had begun.
    '-m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT',
    ...own.map(({ address, port }) => toAccept(address, 'tcp', port)),
    ...servers.flatMap((address) => [toAccept(address, 'udp', 53), toAccept(address, 'tcp', 53)]),
    ...(family === 6 && own.length + servers.length > 0 ? neighbourDiscovery : []),
  ]
}

/**
 * A POSIX shell script that shuts both families, opens the rules, and prints the chains as they are then. It stops at
 * the first command that fails, with everything shut.
 */
export function toFirewallScript(rules: { readonly [F in Family]: readonly string[] }): string {
  const fill = ([4, 6] as const).flatMap((family) => rules[family].map((rule) => `run ${family} -A OUTPUT ${rule}`))
  return [prelude, shut, ...fill, readBack].join('\n')
}

/** Why what was read back is not what was set; `undefined`: it is. */
export function findDifference(
  output: string,
  rules: { readonly [F in Family]: readonly string[] },
): string | undefined {
  const lines = output.split(/\r?\n/).map((line) => line.trim())
  const failed = lines.find((line) => line.startsWith('capstan: failed'))
  if (failed !== undefined) return failed.replace('capstan: failed', 'a command failed in the container:')
  for (const family of [4, 6] as const) {
    if (family === 6 && lines.includes('capstan: no ipv6')) continue
    const chain = between(lines, `capstan: ipv${family}`, 'capstan: end')
    if (chain === undefined) return `the rules of IPv${family} were not read back`
    if (!chain.includes('-P OUTPUT DROP')) return `IPv${family} is not shut`
    const found = chain.filter((line) => line.startsWith('-A OUTPUT ')).map((line) => line.slice('-A OUTPUT '.length))
    if (found.map(toCanonical).join('\n') !== rules[family].map(toCanonical).join('\n')) {
      return `the rules of IPv${family} are not those that were set: ${found.join('; ')}`
    }
  }
  return undefined
}

function toAccept(address: string, protocol: 'tcp' | 'udp', port: number): string {
  return `-d ${address} -p ${protocol} --dport ${port} -j ACCEPT`
}

/** The same options in one order: tools differ in it, in modules that they name, and in masks. */
function toCanonical(rule: string): string {
  return rule
    .split(/\s+(?=-)/)
    .map((option) => option.trim().replace(/\/(32|128)$/, ''))
    .filter((option) => !option.startsWith('-m '))
    .sort()
    .join(' ')
}

function between(lines: readonly string[], start: string, end: string): readonly string[] | undefined {
  const from = lines.indexOf(start)
  const to = lines.indexOf(end, from)
  return from === -1 || to === -1 ? undefined : lines.slice(from + 1, to)
}

/** Without it no IPv6 address of the own network is found. It reaches no further than that. */
const neighbourDiscovery = [135, 136].map((type) => `-p ipv6-icmp --icmpv6-type ${type} -j ACCEPT`)

// Where the guest's kernel has IPv6, its tool must be there and work.
const prelude = `
PATH=$PATH:/usr/sbin:/sbin:/usr/bin:/bin; export PATH
run() {
  family=$1; shift
  case $family in 4) tool=iptables;; *) tool=ip6tables;; esac
  [ "$family" = 6 ] && [ -n "$without6" ] && return 0
  "$tool" -w 5 "$@" || { echo "capstan: failed $tool $*"; exit 4; }
}
without6=
if ! { read -r line; } 2>/dev/null </proc/net/if_inet6; then without6=yes; echo 'capstan: no ipv6'; fi`.trimStart()

const shut = `
for family in 4 6; do
  run $family -P OUTPUT DROP
  run $family -P FORWARD DROP
  run $family -F OUTPUT
done`

const readBack = `
echo 'capstan: ipv4'; run 4 -S OUTPUT; echo 'capstan: end'
[ -n "$without6" ] || { echo 'capstan: ipv6'; run 6 -S OUTPUT; echo 'capstan: end'; }`
