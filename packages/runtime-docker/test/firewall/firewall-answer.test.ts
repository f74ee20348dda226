import { expect, test } from 'vitest'
import { findDifference, isSealed, parseFirewallAnswer } from '../../src/firewall/firewall-answer.js'
import { type FirewallPlan, toOutputRules } from '../../src/firewall/firewall-plan.js'

const plan: FirewallPlan = {
  destinations: [
    { address: '172.17.0.9', port: 3128 },
    { address: 'fd00:0:0::1', port: 3128 },
  ],
  dns: 'none',
  witness: '172.17.0.1',
}

/** As iptables 1.8.9 prints it, for nf_tables; the legacy one is the same. */
const four = `-P INPUT ACCEPT
-P FORWARD DROP
-P OUTPUT DROP
-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP
-A OUTPUT -d 127.0.0.11/32 -j DROP
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY -j ACCEPT
-A OUTPUT -d 172.17.0.9/32 -p tcp -m tcp --dport 3128 -j ACCEPT`

const six = `-P INPUT ACCEPT
-P FORWARD DROP
-P OUTPUT DROP
-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY -j ACCEPT
-A OUTPUT -d fd00::1/128 -p tcp -m tcp --dport 3128 -j ACCEPT
-A OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT`

function toOutput(v4: string, v6: string): string {
  return `capstan: sealing\r\ncapstan: rules 4\r\n# Warning: legacy tables present\r\n${v4}\r\ncapstan: rules 6\r\n${v6}\r\ncapstan: end\r\ncapstan: held ping\r\ncapstan: done\r\n`.replace(
    /\r?\n/g,
    '\r\n',
  )
}

test('takes what the tools print for what was asked', () => {
  const answer = parseFirewallAnswer(toOutput(four, six))
  expect(findDifference(answer, plan)).toBeUndefined()
  expect(answer).toMatchObject({ hasBegun: true, hasIpv6: true, trial: 'held', failure: undefined })
})

test('takes other orders and forms of the same rule', () => {
  const other = four
    .replace('RELATED,ESTABLISHED --ctdir REPLY', 'ESTABLISHED,RELATED --ctdir REPLY')
    .replace('-d 172.17.0.9/32 -p tcp -m tcp --dport 3128', '-p tcp -m tcp --dport 3128 -d 172.17.0.9')
    .replace('FIN,SYN,RST,ACK', 'SYN,RST,ACK,FIN')
  expect(findDifference(parseFirewallAnswer(toOutput(other, six.replace('ipv6-icmp', 'icmpv6'))), plan)).toBeUndefined()
})

test.for([
  ['an open policy', four.replace('OUTPUT DROP', 'OUTPUT ACCEPT')],
  ['forwarding', four.replace('FORWARD DROP', 'FORWARD ACCEPT')],
  ['a rule of FORWARD', `${four}\n-A FORWARD -j ACCEPT`],
  ['one rule more', `${four}\n-A OUTPUT -j ACCEPT`],
  ['one rule less', four.replace(/\n-A OUTPUT -d 172.*$/, '')],
  ['another address', four.replace('172.17.0.9', '172.17.0.8')],
  ['a whole network', four.replace('172.17.0.9/32', '172.17.0.9/3')],
  ['another port', four.replace('3128', '3129')],
  ['no direction', four.replace(' --ctdir REPLY', '')],
  ['another order', four.replace(/(-A OUTPUT -d 127.*)\n(-A OUTPUT -o lo.*)/, '$2\n$1')],
  ['a negation lost', four.replace('! ', '')],
  ['no rule of INPUT', four.replace(/-A INPUT.*\n/, '')],
  ['another rule of INPUT before', four.replace('-A INPUT', '-A INPUT -j ACCEPT\n-A INPUT')],
] as const)('X11 sees %s when the rules are read back', ([, rules]) => {
  expect(findDifference(parseFirewallAnswer(toOutput(rules, six)), plan)).toMatch(/^IPv4: /)
})

test('X11 rules that were not read back are no rules', () => {
  expect(findDifference(parseFirewallAnswer(toOutput(four, six).replace('capstan: end', '')), plan)).toMatch(/IPv6/)
  expect(findDifference(parseFirewallAnswer(''), plan)).toMatch(/IPv4/)
})

test('a seal is one only when nothing but the loopback is open, in both families', () => {
  const shut = '-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT DROP\n-A OUTPUT -o lo -j ACCEPT'
  expect(isSealed(parseFirewallAnswer(toOutput(shut, shut)))).toBe(true)
  expect(isSealed(parseFirewallAnswer(toOutput(shut, six)))).toBe(false)
  expect(isSealed(parseFirewallAnswer(toOutput(shut, '')))).toBe(false)
  expect(isSealed(parseFirewallAnswer(toOutput(shut, '').replace('sealing', 'no-ipv6')))).toBe(true)
})

test("with the engine's DNS the resolver stays, and whom it asks may be asked on port 53 alone", () => {
  const rules = toOutputRules({ ...plan, dns: { nameServers: ['10.0.0.53', 'fd00::53'] } }, 4)
  expect(rules.map((rule) => rule.join(' '))).toEqual([
    '-o lo -j ACCEPT',
    '-m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY -j ACCEPT',
    '-d 172.17.0.9/32 -p tcp -m tcp --dport 3128 -j ACCEPT',
    '-d 10.0.0.53/32 -p udp -m udp --dport 53 -j ACCEPT',
    '-d 10.0.0.53/32 -p tcp -m tcp --dport 53 -j ACCEPT',
  ])
})
