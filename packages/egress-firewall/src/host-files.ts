import { isIP } from 'node:net'

/** The addresses that an `/etc/hosts` gives a name. Pure. */
export function findInHosts(text: string, host: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    return isIP(address) !== 0 && names.some((name) => isSameHost(name, host)) ? [address] : []
  })
}

/**
 * The name servers in an `/etc/resolv.conf`, without those on the loopback interface. Newer Docker Engines list those that
 * their own resolver asks in a comment: `# ExtServers: [1.1.1.1 host(127.0.0.53)]`. Pure.
 */
export function findNameServers(text: string): readonly string[] {
  const named = [...text.matchAll(/^nameserver\s+(\S+)/gm)].map(([, address = '']) => address)
  const [, external = ''] = /^# ExtServers: \[(.*)\]/m.exec(text) ?? []
  // The engine asks those in `host(…)` from the host's network; `isRemoteAddress` drops them, as they are no addresses.
  return [...named, ...external.split(/\s+/)].filter(isRemoteAddress)
}

/** Tells an IP address outside the loopback network from all other texts. Pure. */
export function isRemoteAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.startsWith('127.') && text !== '::1'
}

/** Compares host names: letter case and a final dot do not count. Pure. */
export function isSameHost(one: string, other: string): boolean {
  return toPlain(one) === toPlain(other)
}

function toPlain(host: string): string {
  return host.toLowerCase().replace(/\.$/, '')
}
