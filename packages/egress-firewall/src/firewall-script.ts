import type { FirewallPlan } from './firewall-plan.js'
import { type Family, toInputRule, toOutputRules } from './firewall-rules.js'

/**
 * Writes a POSIX shell script that sets the rules of a plan, prints the chains, and sends a packet to the plan's test address.
 * It runs as root in the container's network namespace. Pure.
 *
 * It sets the policy DROP in both families before any other change and stops at the first command that fails. Rules that exist
 * then still accept packets, so the caller seals the namespace. `readFirewallOutcome` parses the output.
 */
export function toFirewallScript(plan: FirewallPlan): string {
  return [
    prelude,
    setPolicies,
    toRuleCommands(plan, 4),
    toRuleCommands(plan, 6),
    readBack,
    toTest(plan),
    'mark done',
  ].join('\n')
}

function toRuleCommands(plan: FirewallPlan, family: Family): string {
  return [
    `run_tool ${family} -F FORWARD`,
    `run_tool ${family} -F OUTPUT`,
    ...toInputCommands(plan, family),
    ...toOutputRules(plan, family).map((rule) => `run_tool ${family} -A OUTPUT ${rule}`),
  ].join('\n')
}

/**
 * Sets the rule of INPUT before the rule for replies. Linux may begin to track connections only at the first rule that uses
 * conntrack, and takes the direction of an open connection from the next packet. One from outside would make the container's
 * own connection count as one from outside, so all TCP packets are dropped until the rule of INPUT is the first.
 */
function toInputCommands(plan: FirewallPlan, family: Family): readonly string[] {
  const input = toInputRule(plan)
  if (input === undefined) return []
  return [
    `has_rule ${family} INPUT ${blockTcp} || run_tool ${family} -I INPUT ${blockTcp}`,
    `if has_rule ${family} INPUT ${input}; then run_tool ${family} -D INPUT ${input}; fi`,
    `run_tool ${family} -I INPUT ${input}`,
    `run_tool ${family} -D INPUT ${blockTcp}`,
  ]
}

const blockTcp = '! -i lo -p tcp -j DROP'

/** A refused connection also proves that the packet has left the container, so the exit code of `nc` is not enough. */
function toTest({ testAddress }: FirewallPlan): string {
  if (testAddress === undefined) return ''
  return `
if command -v ping >/dev/null 2>&1; then
  if $limit ping -c 1 -W 1 ${testAddress} >/dev/null 2>&1; then mark reachable ping; else mark blocked ping; fi
elif command -v nc >/dev/null 2>&1; then
  if $limit nc -w 1 ${testAddress} 9 </dev/null 2>&1 | grep -qi refused; then mark reachable nc; else mark blocked nc; fi
else
  mark untested
fi`
}

/**
 * Finds the tools by running them: `iptables` for nf_tables fails on a kernel without it. The same tool sets and prints the
 * rules. Without `timeout`, only the wait for the lock of iptables has a limit.
 *
 * IPv6 is omitted only if the tool is missing and the namespace has no IPv6 address. `/proc/net/dev` shows that
 * procfs is mounted; `read` is used because files of procfs have no size for `[ -s ]`.
 *
 * `run_tool 4 ARGUMENTS` runs the tool of IPv4. Without a tool it does nothing; a failure ends the script with exit code 4.
 */
const prelude = `
exec 2>&1
PATH=/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin; export PATH
LC_ALL=C; export LC_ALL
mark() { echo "capstan: $*"; }
limit=; if timeout 10 true >/dev/null 2>&1; then limit='timeout 10'; fi
mkdir -p /run >/dev/null 2>&1
find_tool() {
  for tool in "$@"; do
    if command -v "$tool" >/dev/null 2>&1; then
      if $limit "$tool" -w 5 -S OUTPUT >/dev/null 2>&1; then echo "$tool"; return; fi
    fi
  done
}
four=$(find_tool iptables iptables-legacy iptables-nft)
six=$(find_tool ip6tables ip6tables-legacy ip6tables-nft)
if [ -z "$four" ]; then mark no-tool iptables; exit 3; fi
if [ -z "$six" ]; then
  if [ ! -e /proc/net/dev ]; then mark no-tool ip6tables; exit 3; fi
  if [ -e /proc/net/if_inet6 ] && read -r line </proc/net/if_inet6; then mark no-tool ip6tables; exit 3; fi
  mark no-ipv6
fi
choose_tool() { if [ "$1" = 4 ]; then tool=$four; else tool=$six; fi; }
run_tool() {
  choose_tool "$1"; shift
  if [ -z "$tool" ]; then return 0; fi
  if ! $limit "$tool" -w 5 "$@"; then mark failed "$tool" "$@"; exit 4; fi
}
has_rule() {
  choose_tool "$1"; shift
  [ -n "$tool" ] && $limit "$tool" -w 5 -C "$@" >/dev/null 2>&1
}`.trimStart()

const setPolicies = `
mark changing
run_tool 4 -P OUTPUT DROP
run_tool 6 -P OUTPUT DROP
run_tool 4 -P FORWARD DROP
run_tool 6 -P FORWARD DROP`

const readBack = `
mark rules 4
run_tool 4 -S
mark rules 6
run_tool 6 -S
mark end`
