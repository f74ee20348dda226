import { type Family, type FirewallPlan, inputRule, type Rule, toOutputRules } from './firewall-plan.js'

/**
 * A POSIX shell script that sets the rules of a plan, reads them back and tries a connection that must fail. Pure.
 *
 * It prints marks (see `firewall-answer.ts`), stops at the first command that fails, and shuts both families before it
 * changes anything else: from then on, whatever goes wrong leaves them shut.
 */
export function toFirewallScript(plan: FirewallPlan): string {
  return [prelude, seal, ...families.map((family) => toFill(plan, family)), readBack, toTrial(plan.witness)].join('\n')
}

/** A script that shuts both families and leaves nothing open but the loopback. Pure. */
export function toSealScript(): string {
  const empty = families.map((family) => `if_family ${family} -F OUTPUT\nif_family ${family} -A OUTPUT -o lo -j ACCEPT`)
  return [prelude, seal, ...empty, readBack].join('\n')
}

function toFill(plan: FirewallPlan, family: Family): string {
  const input = inputRule.join(' ')
  const add = (rule: Rule) => `if_family ${family} -A OUTPUT ${rule.join(' ')}`
  return [
    `if_family ${family} -F FORWARD`,
    `if_family ${family} -F OUTPUT`,
    ...toOutputRules(plan, family).map(add),
    `while has_rule ${family} INPUT ${input}; do if_family ${family} -D INPUT ${input}; done`,
    `if_family ${family} -I INPUT ${input}`,
  ].join('\n')
}

/** Answers are looked for, not exit codes: a refusal proves as well as an answer that the packet went out. */
function toTrial(witness: string): string {
  return `
if command -v ping >/dev/null 2>&1; then
  if $limit ping -c 1 -W 1 ${witness} >/dev/null 2>&1; then mark escaped ping; else mark held ping; fi
elif command -v nc >/dev/null 2>&1; then
  if $limit nc -w 1 ${witness} 9 </dev/null 2>&1 | grep -qi refused; then mark escaped nc; else mark held nc; fi
else
  mark untried
fi
mark done`
}

const families: readonly Family[] = [4, 6]

/**
 * Tools are tried, not just found: `iptables` of a kernel without nf_tables is there and fails. One tool writes and reads
 * back. Where `timeout` is missing, the wait for the lock alone is limited. `read` and not `-s`: files of /proc have no size.
 */
const prelude = `
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
  if [ -e /proc/net/if_inet6 ] && read -r line </proc/net/if_inet6; then mark no-tool ip6tables; exit 3; fi
  mark no-ipv6
fi
if_family() {
  family=$1; shift
  if [ "$family" = 4 ]; then tool=$four; else tool=$six; fi
  if [ -z "$tool" ]; then return 0; fi
  if ! $limit "$tool" -w 5 "$@"; then mark failed "$tool" "$@"; exit 4; fi
}
has_rule() {
  family=$1; shift
  if [ "$family" = 4 ]; then tool=$four; else tool=$six; fi
  [ -n "$tool" ] && $limit "$tool" -w 5 -C "$@" >/dev/null 2>&1
}`.trimStart()

const seal = `
mark sealing
if_family 4 -P OUTPUT DROP
if_family 6 -P OUTPUT DROP
if_family 4 -P FORWARD DROP
if_family 6 -P FORWARD DROP`

const readBack = `
mark rules 4
if_family 4 -S
mark rules 6
if_family 6 -S
mark end`
