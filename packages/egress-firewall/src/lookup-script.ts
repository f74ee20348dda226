import { isRemoteAddress } from './host-files.js'

/** Writes a shell command that looks up a host name, for {@link parseLookup}. `host` is a validated host name. Pure. */
export function toLookupScript(host: string): string {
  return `getent ahosts ${host} 2>/dev/null || nslookup ${host} 2>/dev/null`
}

/** Parses the addresses in the output of `getent` or `nslookup`. `nslookup` prints the name server's address first. Pure. */
export function parseLookup(output: string): readonly string[] {
  const answer = /^Name:/m.exec(output)
  const lines = (answer === null ? output : output.slice(answer.index)).split(/\r?\n/)
  const pattern = answer === null ? /^(\S+)\s+(?:STREAM|DGRAM|RAW)/ : /^Address(?: \d+)?:\s*(\S+)/
  const found = lines.map((line) => pattern.exec(line)?.[1] ?? '')
  return [...new Set(found.filter(isRemoteAddress))]
}
