import { isIP } from 'node:net'

/** Finds the addresses of a name in the text of an `/etc/hosts`. Pure. */
export function findInHosts(text: string, host: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    return isIP(address) !== 0 && names.some((name) => isSameHost(name, host)) ? [address] : []
  })
}

/**
 * Finds the name servers in the text of an `/etc/resolv.conf`, without those on the loopback interface. Newer Docker Engines
 * list the name servers of their own resolver in a comment: `# ExtServers: [1.1.1.1 host(127.0.0.53)]`. Pure.
 */
export function findNameServers(text: string): readonly string[] {
  const named = [...text.matchAll(/^nameserver\s+(\S+)/gm)].map(([, address = '']) => address)
  const [, external = ''] = /^# ExtServers: \[(.*)\]/m.exec(text) ?? []
  // The engine queries those in `host(…)` from the host's network. `isRemoteAddress` rejects them, because of the parentheses.
  return [...named, ...external.split(/\s+/)].filter(isRemoteAddress)
}

/** Whether the text is an IP address outside the loopback network. Pure. */
export function isRemoteAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.startsWith('127.') && text !== '::1'
}

/** Whether two host names are the same. Letter case and a final dot do not count. Pure. */
export function isSameHost(one: string, other: string): boolean {
  return toPlain(one) === toPlain(other)
}

function toPlain(host: string): string {
  return host.toLowerCase().replace(/\.$/, '')
}
