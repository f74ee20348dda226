import { expect, test } from 'vitest'
import { readFirewallOutcome } from '../src/firewall-outcome.js'
import { type FirewallPlan, sealPlan } from '../src/firewall-plan.js'

const plan: FirewallPlan = {
  destinations: [
    { address: '172.17.0.9', port: 3128 },
    { address: 'fd00:0:0::1', port: 3128 },
  ],
  nameServers: [],
  blockedResolver: '127.0.0.11',
  allowsReplies: true,
  testAddress: '172.17.0.1',
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

function read(output: string, { exitCode = 0, of = plan } = {}) {
  return readFirewallOutcome({ exitCode, output }, of)
}

function toOutput(v4: string, v6: string): string {
  return `capstan: changing\r\ncapstan: rules 4\r\n# Warning: legacy tables present\r\n${v4}\r\ncapstan: rules 6\r\n${v6}\r\ncapstan: end\r\ncapstan: blocked ping\r\ncapstan: done\r\n`.replace(
    /\r?\n/g,
    '\r\n',
  )
}

test('returns set for the chains that iptables prints for the plan', () => {
  expect(read(toOutput(four, six))).toEqual({ state: 'set' })
})

test('accepts other orders and forms of the same rule', () => {
  const other = four
    .replace('RELATED,ESTABLISHED --ctdir REPLY', 'ESTABLISHED,RELATED --ctdir REPLY')
    .replace('-d 172.17.0.9/32 -p tcp -m tcp --dport 3128', '-p tcp -m tcp --dport 3128 -d 172.17.0.9')
    .replace('FIN,SYN,RST,ACK', 'SYN,RST,ACK,FIN')
  expect(read(toOutput(other, six.replace('ipv6-icmp', 'icmpv6')))).toEqual({ state: 'set' })
})

test.for([
  ['the policy of OUTPUT is ACCEPT', four.replace('OUTPUT DROP', 'OUTPUT ACCEPT')],
  ['the policy of FORWARD is ACCEPT', four.replace('FORWARD DROP', 'FORWARD ACCEPT')],
  ['FORWARD has a rule', `${four}\n-A FORWARD -j ACCEPT`],
  ['a rule was added', `${four}\n-A OUTPUT -j ACCEPT`],
  ['a rule is missing', four.replace(/\n-A OUTPUT -d 172.*$/, '')],
  ['an address differs', four.replace('172.17.0.9', '172.17.0.8')],
  ['an address has become a network', four.replace('172.17.0.9/32', '172.17.0.9/3')],
  ['a port differs', four.replace('3128', '3129')],
  ['the direction is missing', four.replace(' --ctdir REPLY', '')],
  ['the order differs', four.replace(/(-A OUTPUT -d 127.*)\n(-A OUTPUT -o lo.*)/, '$2\n$1')],
  ['a negation is missing', four.replace('! ', '')],
  ['INPUT has no rule', four.replace(/-A INPUT.*\n/, '')],
  ['INPUT has another rule first', four.replace('-A INPUT', '-A INPUT -j ACCEPT\n-A INPUT')],
] as const)('fails when the rules are read back and %s', ([, rules]) => {
  expect(read(toOutput(rules, six))).toEqual({ state: 'failed', reason: expect.stringMatching(/^IPv4: /) })
})

test('fails when an IPv6 address has become a network', () => {
  const network = six.replace('fd00::1/128', 'fd00::1/32')
  expect(read(toOutput(four, network))).toMatchObject({ reason: expect.stringMatching(/^IPv6: .*fd00::1\/32/) })
})

test('fails when the rules were not read back', () => {
  const cut = toOutput(four, six).replace('capstan: end', '')
  expect(read(cut)).toEqual({ state: 'failed', reason: 'the rules of IPv6 were not read back' })
  const none = read('capstan: changing\ncapstan: rules 4\n-P OUTPUT DROP')
  expect(none).toEqual({ state: 'failed', reason: 'the rules of IPv4 were not read back' })
})

test('fails with the command that failed and its output', () => {
  const output = 'capstan: changing\r\nno chain\r\ncapstan: failed iptables -A OUTPUT\r\n'
  const reason = 'a command failed: iptables -A OUTPUT: no chain'
  expect(read(output, { exitCode: 4 })).toEqual({ state: 'failed', reason })
})

test('fails with the exit code when the script ended early', () => {
  const reason = 'the script ended with exit code 137'
  expect(read(toOutput(four, six), { exitCode: 137 })).toEqual({ state: 'failed', reason })
})

test.for([
  ['the test address answered', 'reachable ping', /a packet to 172.17.0.1 left the container/],
  ['the script ended before the test', '', /ended before its test/],
] as const)('fails when %s', ([, mark, reason]) => {
  const output = toOutput(four, six).replace('blocked ping', mark)
  expect(read(output)).toEqual({ state: 'failed', reason: expect.stringMatching(reason) })
})

test('needs no test when the plan has no test address', () => {
  const output = toOutput(four, six).replace('capstan: blocked ping', '')
  expect(read(output, { of: { ...plan, testAddress: undefined } })).toEqual({ state: 'set' })
})

test.for([
  ['a tool is missing', 'capstan: no-tool iptables', 'no iptables that works'],
  ['the script did not start', 'nonsense', 'the script did not start (exit code 3): nonsense'],
  ['the output is empty', '', 'the script did not start (exit code 3)'],
] as const)('is unchanged when %s', ([, output, reason]) => {
  expect(read(output, { exitCode: 3 })).toEqual({ state: 'unchanged', reason })
})

test('accepts a seal only when both families allow only the loopback interface', () => {
  const closed = '-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT DROP\n-A OUTPUT -o lo -j ACCEPT'
  const states = [
    toOutput(closed, closed),
    toOutput(closed, six),
    toOutput(closed, ''),
    toOutput(closed, `${closed}\n-A FORWARD -j ACCEPT`),
    toOutput(closed, '').replace('changing', 'changing\r\ncapstan: no-ipv6'),
  ].map((output) => read(output, { of: sealPlan }).state)
  expect(states).toEqual(['set', 'failed', 'failed', 'failed', 'set'])
})
