import { isIP } from 'node:net'
import { engineResolver } from './firewall-plan.js'

/** The addresses that the text of an `/etc/hosts` gives a name. Pure. */
export function findInHosts(text: string, host: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    return isIP(address) !== 0 && names.some((name) => isSameHost(name, host)) ? [address] : []
  })
}

/**
 * The name servers that the text of an `/etc/resolv.conf` names, the engine's own resolver left out; newer engines tell
 * in a comment whom that one asks: `# ExtServers: [1.1.1.1 host(127.0.0.53)]`. Pure.
 */
export function findNameServers(text: string): readonly string[] {
  const named = [...text.matchAll(/^nameserver\s+(\S+)/gm)].map(([, address = '']) => address)
  const [, external = ''] = /^# ExtServers: \[(.*)\]/m.exec(text) ?? []
  // Those in `host(…)` are asked from the host's side.
  const asked = external.split(/\s+/).filter((server) => isIP(server) !== 0)
  return [...named.filter((address) => address !== engineResolver), ...asked].filter(isOutside)
}

/** Tells an address that packets are sent to from one that stays in the machine. */
export function isOutside(address: string): boolean {
  return isIP(address) !== 0 && !address.startsWith('127.') && address !== '::1'
}

export function isSameHost(one: string, other: string): boolean {
  return toPlain(one) === toPlain(other)
}

function toPlain(host: string): string {
  return host.toLowerCase().replace(/\.$/, '')
}
