import type { PublishedPort } from '../find-ports.js'

/** `127.0.0.1:8080->80/tcp`, as docker writes it; address and protocol where they are known. */
export function toPortText({ hostAddress = '', hostPort, containerPort, protocol }: PublishedPort): string {
  const port = protocol === undefined ? containerPort : `${containerPort}/${protocol}`
  return `${toPrefix(hostAddress)}${hostPort}->${port}`
}

function toPrefix(address: string): string {
  if (address === '') return ''
  return address.includes(':') ? `[${address}]:` : `${address}:`
}
