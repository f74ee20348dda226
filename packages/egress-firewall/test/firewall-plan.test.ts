import type { FirewallRules } from '@capstan/core'
import { describe, expect, test } from 'vitest'
import { planFirewall } from '../src/firewall-plan.js'
import { toInputRule, toOutputRules } from '../src/firewall-rules.js'
import { toFirewallScript } from '../src/firewall-script.js'

const names: Readonly<Record<string, readonly string[]>> = {
  proxy: ['172.18.0.9', 'fd00::9'],
  other: ['172.18.0.8'],
  broken: ['$(reboot)'],
}

function plan(rules: Partial<FirewallRules> = {}) {
  return planFirewall(
    { proxyHost: '172.18.0.9', proxyPort: 3128, ...rules },
    {
      resolveHost: async (host) => names[host] ?? [],
      listNameServers: async () => ['10.0.0.53', 'fd00::53'],
      localResolver: '127.0.0.11',
      testAddress: '172.18.0.1',
    },
  )
}

async function toLines(rules: Partial<FirewallRules>, family: 4 | 6): Promise<readonly string[]> {
  return toOutputRules(await plan(rules), family)
}

describe('planFirewall', () => {
  test('replaces names by their addresses, each destination once', async () => {
    const allow = [
      { host: 'other', port: 80 },
      { host: '172.18.0.8', port: 80 },
      { host: 'other', port: 81 },
    ]
    expect((await plan({ proxyHost: 'proxy', allow })).destinations).toEqual([
      { address: '172.18.0.9', port: 3128 },
      { address: 'fd00::9', port: 3128 },
      { address: '172.18.0.8', port: 80 },
      { address: '172.18.0.8', port: 81 },
    ])
  })

  test.each(['nobody', 'broken'])('rejects when the name %s has no address', async (proxyHost) => {
    await expect(plan({ proxyHost })).rejects.toThrow(`no address was found for "${proxyHost}"`)
  })

  test('blocks the local resolver unless the rules allow DNS, and lists name servers only then', async () => {
    expect(await plan()).toMatchObject({ nameServers: [], blockedResolver: '127.0.0.11' })
    expect(await plan({ dns: 'engine' })).toMatchObject({
      nameServers: ['10.0.0.53', 'fd00::53'],
      blockedResolver: undefined,
    })
  })
})

describe('the OUTPUT chain', () => {
  test('allows the proxy in the family of its address only', async () => {
    expect(await toLines({}, 4)).toEqual([
      '-d 127.0.0.11/32 -j DROP',
      '-o lo -j ACCEPT',
      '-m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY -j ACCEPT',
      '-d 172.18.0.9/32 -p tcp -m tcp --dport 3128 -j ACCEPT',
    ])
    expect(await toLines({}, 6)).toEqual([
      '-o lo -j ACCEPT',
      '-m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY -j ACCEPT',
    ])
  })

  test('allows neighbour discovery when the plan has an IPv6 address', async () => {
    expect((await toLines({ proxyHost: 'fd00::9' }, 6)).slice(2)).toEqual([
      '-d fd00::9/128 -p tcp -m tcp --dport 3128 -j ACCEPT',
      '-p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT',
      '-p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT',
    ])
  })

  test('allows the resolver of the engine and port 53 of its name servers when the rules allow DNS', async () => {
    expect(await toLines({ dns: 'engine' }, 4)).toEqual([
      '-o lo -j ACCEPT',
      '-m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY -j ACCEPT',
      '-d 172.18.0.9/32 -p tcp -m tcp --dport 3128 -j ACCEPT',
      '-d 10.0.0.53/32 -p udp -m udp --dport 53 -j ACCEPT',
      '-d 10.0.0.53/32 -p tcp -m tcp --dport 53 -j ACCEPT',
    ])
  })

  test('has a rule in INPUT if it allows replies', async () => {
    const replying = await plan()
    expect(toInputRule(replying)).toContain('! --tcp-flags FIN,SYN,RST,ACK SYN')
    expect(toInputRule({ ...replying, allowsReplies: false })).toBeUndefined()
    expect(toOutputRules({ ...replying, allowsReplies: false }, 4).join()).not.toContain('REPLY')
  })

  test('gets the policy DROP in the script before any rule is set', async () => {
    const script = toFirewallScript(await plan())
    expect(script.indexOf('-P OUTPUT DROP')).toBeLessThan(script.indexOf('--dport 3128'))
  })
})
