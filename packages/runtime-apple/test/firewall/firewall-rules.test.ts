import { describe, expect, it } from 'vitest'
import { findDifference, toFirewallScript, toOutputRules } from '../../src/firewall/firewall-rules.js'

const ways = { destinations: [{ address: '192.168.64.1', port: 3128 }], nameServers: [] }
const rules = { 4: toOutputRules(ways, 4), 6: toOutputRules(ways, 6) }

const answer = (four: readonly string[], six: readonly string[]) =>
  ['capstan: ipv4', ...four, 'capstan: end', 'capstan: ipv6', ...six, 'capstan: end'].join('\n')
const four = [
  '-P OUTPUT DROP',
  '-A OUTPUT -o lo -j ACCEPT',
  '-A OUTPUT -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT',
  '-A OUTPUT -d 192.168.64.1/32 -p tcp -m tcp --dport 3128 -j ACCEPT',
]
const six = [
  '-P OUTPUT DROP',
  '-A OUTPUT -o lo -j ACCEPT',
  '-A OUTPUT -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT',
]

it('lets out to the proxy alone, in its own family', () => {
  expect(rules[4].filter((rule) => rule.includes('--dport'))).toEqual(['-d 192.168.64.1 -p tcp --dport 3128 -j ACCEPT'])
  expect(rules[6].some((rule) => rule.includes('--dport'))).toBe(false)
})

it('lets names be asked for only where that was wanted', () => {
  const asking = toOutputRules({ ...ways, nameServers: ['192.168.64.1'] }, 4)
  expect(asking.filter((rule) => rule.includes('--dport 53'))).toHaveLength(2)
})

it('shuts both families before it opens anything', () => {
  const script = toFirewallScript(rules)
  expect(script.indexOf('-P OUTPUT DROP')).toBeLessThan(script.indexOf('--dport 3128'))
})

describe('what is read back', () => {
  it('is what was set, whatever order and masks the tool prints', () => {
    expect(findDifference(answer(four, six), rules)).toBeUndefined()
  })

  it('may lack IPv6 where the guest has none', () => {
    const output = `capstan: no ipv6\ncapstan: ipv4\n${four.join('\n')}\ncapstan: end`
    expect(findDifference(output, rules)).toBeUndefined()
  })

  it.each([
    ['an open policy', answer(['-P OUTPUT ACCEPT', ...four.slice(1)], six), 'IPv4 is not shut'],
    ['a rule more', answer([...four, '-A OUTPUT -j ACCEPT'], six), 'are not those that were set'],
    ['a rule less', answer(four.slice(0, 3), six), 'are not those that were set'],
    [
      'another address',
      answer(
        four.map((line) => line.replace('.64.1', '.64.9')),
        six,
      ),
      'are not those that were set',
    ],
    ['an answer that breaks off', 'capstan: ipv4\n-P OUTPUT DROP', 'were not read back'],
    ['nothing at all', '', 'were not read back'],
    ['a command that failed', 'capstan: failed iptables -P OUTPUT DROP', 'a command failed in the container'],
  ])('is not: %s', (_, output, reason) => {
    expect(findDifference(output, rules)).toContain(reason)
  })
})
